'use client'
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'

/** Whether the form has waited too long for its script and stands there whole (globals.css): then it stays so. */
function isWhole(form: HTMLFormElement | null): boolean {
  const off = form?.querySelector('[data-off]')
  if (off === null || off === undefined || !window.matchMedia('(scripting: enabled)').matches) return false
  return getComputedStyle(off).visibility === 'visible'
}

/** Which step of a form is up. Changing it moves the focus to that step's legend, which says where one is. */
export function useSteps(count: number): {
  current: number
  /** No further step follows: at the last one, and in a form that is not in steps. */
  isLast: boolean
  /** Whether the form's script shows one step at a time: not before it has run, and not in a form that stands there whole. */
  isStepped: boolean
  form: RefObject<HTMLFormElement | null>
  go: (to: number) => void
} {
  const [current, setCurrent] = useState(0)
  const [mode, setMode] = useState<'waiting' | 'stepped' | 'whole'>('waiting')
  const form = useRef<HTMLFormElement>(null)
  const isMoved = useRef(false)
  const go = useCallback(
    (to: number) => {
      isMoved.current = true
      setCurrent(Math.max(0, Math.min(count - 1, to)))
    },
    [count],
  )
  // Before the browser paints, so that the steps are there at once.
  useLayoutEffect(() => setMode(isWhole(form.current) ? 'whole' : 'stepped'), [])
  useEffect(() => {
    if (isMoved.current) form.current?.querySelectorAll<HTMLElement>('.step-legend')[current]?.focus()
  }, [current])
  return { current, isLast: mode === 'whole' || current === count - 1, isStepped: mode === 'stepped', form, go }
}
