'use client'
import { useSyncExternalStore } from 'react'

const never = () => () => {}

/** False in the server's rendering and in the first one of the browser, true from then on. */
export function useHydrated(): boolean {
  return useSyncExternalStore(
    never,
    () => true,
    () => false,
  )
}
