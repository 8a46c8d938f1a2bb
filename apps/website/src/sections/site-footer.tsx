import { hasLocalMailbox } from '../lib/runtime.ts'
import { Wordmark } from './wordmark.tsx'

const links = [
  { href: '/me', label: 'Your place' },
  { href: '/leaderboard', label: 'Leaderboard' },
  { href: '/demo', label: 'Demonstration' },
  { href: '/about', label: 'About' },
  { href: '/support', label: 'Support' },
  { href: '/contact', label: 'Write to us' },
  { href: '/privacy', label: 'Privacy' },
  { href: '/terms', label: 'Terms' },
  { href: '/cookies', label: 'Cookies' },
] as const

export function SiteFooter() {
  const shown = hasLocalMailbox() ? [...links, { href: '/dev/mail', label: 'Local mailbox' }] : links
  return (
    <footer className="border-t border-rule">
      <div className="mx-auto grid max-w-[76rem] gap-x-16 gap-y-8 px-5 py-12 sm:px-8 md:grid-cols-[auto_1fr]">
        <a href="/" className="text-ink no-underline" aria-label="Headwater, home">
          <Wordmark />
        </a>
        <nav aria-label="Pages" className="md:justify-self-end">
          <ul className="flex flex-wrap gap-x-5 gap-y-1 md:justify-end">
            {shown.map(({ href, label }) => (
              <li key={href}>
                <a
                  href={href}
                  className="map-label inline-block py-1.5 text-[0.86rem] text-ink no-underline hover:underline"
                >
                  {label}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <div className="text-soft-ink md:col-span-2">
          <p>Headwater is being built. It is not a medical device and gives no medical advice.</p>
          <p className="mt-1">Fonts, drawings and scripts of this page come from this site alone.</p>
        </div>
      </div>
    </footer>
  )
}
