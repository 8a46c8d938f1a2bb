'use client'
import { useEffect } from 'react'

/** Puts the visitor into the field that has the fault, whose description says which; without JavaScript they find it themselves. */
export function FocusFault({ field }: { field: string }) {
  useEffect(() => {
    const lead = () => document.getElementById(field)?.focus()
    lead()
    return onceShown(() => {
      if (document.activeElement === document.body) lead()
    })
  }, [field])
  return null
}

/** Runs after the first frames of the loaded page: only then does the browser jump to the fragment of the address, and takes the focus from whatever has it. */
function onceShown(run: () => void): () => void {
  let frame = 0
  const wait = () => {
    frame = requestAnimationFrame(() => {
      frame = requestAnimationFrame(run)
    })
  }
  if (document.readyState === 'complete') wait()
  else addEventListener('load', wait, { once: true })
  return () => {
    removeEventListener('load', wait)
    cancelAnimationFrame(frame)
  }
}
