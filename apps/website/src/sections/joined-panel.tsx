'use client'
import { useEffect, useRef } from 'react'
import { CopyButton } from './copy-button.tsx'
import type { JoinAnswer } from './read-answer.ts'
import { useHydrated } from './use-hydrated.ts'

/** The answer to a join. It takes the place of the form, and the focus with it. */
export function JoinedPanel({ answer, titleId }: { answer: JoinAnswer; titleId: string }) {
  const heading = useRef<HTMLHeadingElement>(null)
  const isHydrated = useHydrated()
  const path = `/?ref=${answer.referralCode}`
  useEffect(() => heading.current?.focus({ preventScroll: true }), [])
  return (
    <section aria-labelledby={titleId} className="border-l-4 border-water pl-5 sm:pl-6">
      <h2 id={titleId} ref={heading} tabIndex={-1} className="scroll-mt-6 text-[1.9rem] outline-none">
        Check your inbox.
      </h2>
      <p className="mt-3 text-soft-ink">{answer.message}</p>
      <p className="mt-3">
        The next free place is number <strong className="font-semibold tabular-nums">{answer.position}</strong>. Each
        friend who joins by your link and confirms moves you five places up:
      </p>
      <div className="mt-3 flex flex-wrap items-center gap-3">
        <a href={path} className="break-all font-sans text-[0.95rem]">
          {isHydrated ? `${window.location.host}${path}` : path}
        </a>
        {isHydrated && <CopyButton text={`${window.location.origin}${path}`} />}
      </div>
    </section>
  )
}
