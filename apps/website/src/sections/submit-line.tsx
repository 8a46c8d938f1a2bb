'use client'
import { type MouseEvent, useCallback, useState } from 'react'
import { buttonClass } from './form-parts.tsx'
import { type LineNote, NoteLine } from './note-line.tsx'
import { useHydrated } from './use-hydrated.ts'

/** A form's button and what came of the form below it. After too many tries it waits for the end of the countdown; without JavaScript it does not, since nothing could wake it. */
export function SubmitLine({ id, label, note }: { id: string; label: string; note: LineNote | undefined }) {
  const [isWaiting, setWaiting] = useState(note?.kind === 'wait')
  const isHeld = useHydrated() && isWaiting
  const onWaited = useCallback(() => setWaiting(false), [])
  const hold = (event: MouseEvent) => {
    if (isHeld) event.preventDefault()
  }
  return (
    <>
      <button type="submit" aria-disabled={isHeld} onClick={hold} className={buttonClass}>
        {label}
      </button>
      <NoteLine id={id} note={note} onWaited={onWaited} />
    </>
  )
}
