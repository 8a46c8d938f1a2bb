/**
 * A check that many may ask for: it runs at most once in `everyMs`, and once at a time. An answer that `isFinal` says yes to is kept for good.
 * `now` is in milliseconds. `check` must not reject.
 */
export function onceAWhile<Answer>(
  check: () => Promise<Answer>,
  options: { everyMs: number; now: () => number; isFinal?: (answer: Answer) => boolean },
): () => Promise<Answer> {
  const { everyMs, now, isFinal = () => false } = options
  let latest: Promise<Answer> | undefined
  let isSettled = true
  let isKept = false
  let startedMs = 0
  return () => {
    const isRecent = now() >= startedMs && now() < startedMs + everyMs
    if (latest !== undefined && (isKept || !isSettled || isRecent)) return latest
    startedMs = now()
    isSettled = false
    latest = check().then((answer) => {
      isSettled = true
      isKept = isFinal(answer)
      return answer
    })
    return latest
  }
}
