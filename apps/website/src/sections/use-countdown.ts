'use client'
import { useEffect, useState } from 'react'

/** Whole seconds left of `seconds`, by a clock that changes of the date do not move; calls `onEnd` once at 0. */
export function useCountdown(seconds: number, onEnd: () => void): number {
  const [left, setLeft] = useState(seconds)
  useEffect(() => {
    const end = performance.now() + seconds * 1000
    const timer = setInterval(() => {
      const now = Math.max(0, Math.ceil((end - performance.now()) / 1000))
      setLeft(now)
      if (now > 0) return
      clearInterval(timer)
      onEnd()
    }, 250)
    return () => clearInterval(timer)
  }, [seconds, onEnd])
  return left
}
