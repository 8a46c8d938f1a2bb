import { Wordmark } from './wordmark.tsx'

const links = [
  { href: '/#how', label: 'How it works' },
  { href: '/#private', label: 'What is private' },
  { href: '/demo', label: 'Demonstration' },
  { href: '/leaderboard', label: 'Leaderboard' },
  { href: '/me', label: 'Your place' },
] as const

export function SiteHeader() {
  return (
    <header className="relative z-10 mx-auto flex w-full max-w-[76rem] flex-wrap items-center justify-between gap-x-8 gap-y-1 px-5 py-4 sm:px-8 sm:py-6">
      <a href="/" className="py-1 text-ink no-underline" aria-label="Headwater, home">
        <Wordmark />
      </a>
      <nav aria-label="Main" className="hidden sm:block">
        <ul className="flex gap-7">
          {links.map(({ href, label }) => (
            <li key={href}>
              <a
                href={href}
                className="map-label inline-block bg-paper/70 py-1.5 text-[0.86rem] text-ink no-underline hover:underline"
              >
                {label}
              </a>
            </li>
          ))}
        </ul>
      </nav>
    </header>
  )
}
