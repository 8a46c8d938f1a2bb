'use client'
import { useCallback, useState } from 'react'
import { targetClass } from './form-parts.tsx'
import { useCountdown } from './use-countdown.ts'

export type LineNote =
  | { readonly kind: 'done' | 'invalid' | 'failed'; readonly detail: string }
  | { readonly kind: 'wait'; readonly seconds: number }

function Waiting({ seconds, onEnd }: { seconds: number; onEnd: () => void }) {
  const left = useCountdown(seconds, onEnd)
  return (
    <>
      Too many tries from your network. You can send this again in <span className="sr-only">{seconds} seconds.</span>
      <strong aria-hidden="true" className="font-semibold tabular-nums">
        {left} s
      </strong>
    </>
  )
}

/**
 * What came of a form, as one line beside it; always as high as one line. The address that a form's answer leads to ends in `id`. `onWaited` is called at the
 * end of a countdown.
 */
export function NoteLine(props: { id: string; note: LineNote | undefined; onWaited?: () => void }) {
  const { id, note, onWaited } = props
  const [isOver, setIsOver] = useState(false)
  const onEnd = useCallback(() => {
    setIsOver(true)
    onWaited?.()
  }, [onWaited])
  const tone = note?.kind === 'done' || isOver ? 'text-link' : 'text-mark'
  return (
    <p id={id} role="status" tabIndex={-1} className={`${targetClass} mt-2 min-h-[1.55em] text-[1rem] ${tone}`}>
      {note?.kind === 'wait' && !isOver && <Waiting seconds={note.seconds} onEnd={onEnd} />}
      {note?.kind === 'wait' && isOver && 'You can send it now.'}
      {note !== undefined && note.kind !== 'wait' && note.detail}
    </p>
  )
}
