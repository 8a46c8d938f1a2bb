'use client'
import { useEffect, useRef, useState } from 'react'
import type { JoinAnswer } from './read-answer.ts'
import { useHydrated } from './use-hydrated.ts'

function CopyButton({ text }: { text: string }) {
  const [label, setLabel] = useState('Copy')
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setLabel('Copied'),
      () => setLabel('Select it and copy'),
    )
  return (
    <button
      type="button"
      onClick={copy}
      className="min-h-11 rounded-md border border-field px-4 font-sans text-[0.9rem] text-ink hover:border-link"
    >
      <span aria-live="polite">{label}</span>
    </button>
  )
}

/** The answer to a join. It takes the place of the form, and the focus with it. */
export function JoinedPanel({ answer }: { answer: JoinAnswer }) {
  const heading = useRef<HTMLHeadingElement>(null)
  const isHydrated = useHydrated()
  const path = `/?ref=${answer.referralCode}`
  useEffect(() => heading.current?.focus({ preventScroll: true }), [])
  return (
    <section aria-labelledby="joined-title" className="border-l-4 border-water pl-5 sm:pl-6">
      <h2 id="joined-title" ref={heading} tabIndex={-1} className="text-[1.9rem] outline-none">
        You are in the stream.
      </h2>
      <p className="mt-3 text-soft-ink">{answer.message}</p>
      <p className="mt-3">
        The next free place is number <strong className="font-semibold tabular-nums">{answer.position}</strong>. Each
        friend who joins by your link moves you five places up:
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
