/** A map's sign for a spring, a ring with its outflow, and the name. */
export function Wordmark() {
  return (
    <span className="flex items-center gap-2.5">
      <svg viewBox="0 0 24 28" className="h-7 w-6 text-link" aria-hidden="true" fill="none" stroke="currentColor">
        <circle cx="15" cy="6" r="4" strokeWidth="2.2" />
        <path d="M12.2 9.4c-4.6 4 5.4 6 1.4 10.2-2 2-4.4 2.8-4.6 6.4" strokeWidth="2.6" strokeLinecap="round" />
      </svg>
      <span className="text-[1.35rem] leading-none tracking-[-0.01em]">Headwater</span>
    </span>
  )
}
