'use client'
import { type RefObject, useCallback, useEffect, useRef, useState } from 'react'

/** Which step of a form is up. Changing it moves the focus to that step's legend, which says where one is. */
export function useSteps(count: number): {
  current: number
  isLast: boolean
  form: RefObject<HTMLFormElement | null>
  go: (to: number) => void
} {
  const [current, setCurrent] = useState(0)
  const form = useRef<HTMLFormElement>(null)
  const isMoved = useRef(false)
  const go = useCallback(
    (to: number) => {
      isMoved.current = true
      setCurrent(Math.max(0, Math.min(count - 1, to)))
    },
    [count],
  )
  useEffect(() => {
    if (isMoved.current) form.current?.querySelectorAll<HTMLElement>('.step-legend')[current]?.focus()
  }, [current])
  return { current, isLast: current === count - 1, form, go }
}
