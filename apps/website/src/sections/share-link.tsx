'use client'
import { CopyButton } from './copy-button.tsx'
import { quietButtonClass } from './form-parts.tsx'
import { useHydrated } from './use-hydrated.ts'

const words = 'I am on the list for Headwater, which brings the numbers of watch, ring and scale into one stream:'

/** Links only: nothing of these hosts is loaded before somebody follows one. */
function targets(url: string) {
  const text = encodeURIComponent(`${words} ${url}`)
  return [
    { name: 'E-mail', href: `mailto:?subject=${encodeURIComponent('Headwater')}&body=${text}` },
    { name: 'WhatsApp', href: `https://wa.me/?text=${text}` },
    { name: 'Bluesky', href: `https://bsky.app/intent/compose?text=${text}` },
  ]
}

/** A person's own link and ways to send it. `origin` is where the server says the site is, for those without JavaScript. */
export function ShareLink({ referralCode, origin }: { referralCode: string; origin: string }) {
  const isHydrated = useHydrated()
  const url = `${isHydrated ? window.location.origin : origin}/?ref=${referralCode}`
  return (
    <>
      <p>
        <a href={`/?ref=${referralCode}`} className="break-all font-sans text-[1rem]" data-testid="own-link">
          {url.replace(/^https?:\/\//, '')}
        </a>
      </p>
      <ul className="mt-4 flex flex-wrap gap-3" aria-label="Share your link">
        {/* Its room is there before it works, so that the links beside it stay where they are. */}
        <li className={isHydrated ? undefined : 'invisible noscript:hidden'}>
          <CopyButton text={url} />
        </li>
        {targets(url).map(({ name, href }) => (
          <li key={name}>
            <a href={href} className={quietButtonClass} rel="noreferrer" target="_blank">
              {name}
            </a>
          </li>
        ))}
      </ul>
    </>
  )
}
