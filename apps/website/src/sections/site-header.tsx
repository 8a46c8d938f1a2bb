import { Wordmark } from './wordmark.tsx'

const links = [
  { href: '/#how', label: 'How it works' },
  { href: '/#private', label: 'What is private' },
  { href: '/demo', label: 'Demonstration' },
  { href: '/leaderboard', label: 'Leaderboard' },
  { href: '/me', label: 'Your place' },
] as const

function Links({ className }: { className: string }) {
  return links.map(({ href, label }) => (
    <li key={href}>
      <a href={href} className={`map-label text-[0.86rem] text-ink no-underline hover:underline ${className}`}>
        {label}
      </a>
    </li>
  ))
}

/** The way around the site: a row of links, on phones and small tablets behind a disclosure of the browser's own, which needs no script. */
export function SiteHeader() {
  return (
    <header className="relative z-10 mx-auto flex w-full max-w-[76rem] flex-wrap items-center justify-between gap-x-8 px-5 py-4 sm:px-8 sm:py-6">
      <a href="/" className="py-1 text-ink no-underline" aria-label="Headwater, home">
        <Wordmark />
      </a>
      <nav aria-label="Main" className="w-full min-[58rem]:w-auto">
        {/* What is open pushes the page down: nothing that has the focus is ever covered by it. */}
        <details className="disclosure min-[58rem]:hidden">
          <summary className="map-label absolute right-5 top-2.5 sm:right-8 sm:top-[1.15rem] flex min-h-11 items-center gap-2 text-[0.86rem] text-ink">
            Menu
            <svg viewBox="0 0 16 16" className="fork size-3.5 stroke-link" strokeWidth="2" aria-hidden="true">
              <path d="M8 2v12M2 8h12" />
            </svg>
          </summary>
          <ul className="mt-3 border-y border-rule py-2">
            <Links className="flex min-h-11 items-center" />
          </ul>
        </details>
        <ul className="hidden gap-x-6 min-[58rem]:flex lg:gap-x-7">
          <Links className="inline-block bg-paper/70 py-1.5 whitespace-nowrap" />
        </ul>
      </nav>
    </header>
  )
}
