import { expect, vi } from 'vitest'

/** A loader whose calls the test answers one by one. */
export function createManualLoader() {
  const calls: ((value: string) => void)[] = []
  const load = () => new Promise<string>((resolve) => void calls.push(resolve))
  const called = (times: number) => vi.waitFor(() => expect(calls.length).toBe(times))
  const answer = (index: number, value: string) => calls[index]?.(value)
  return { load, called, answer }
}
