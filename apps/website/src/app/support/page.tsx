import type { Metadata } from 'next'
import type { Config } from '../../config.ts'
import { runtime } from '../../lib/runtime.ts'
import { quietButtonClass } from '../../sections/form-parts.tsx'
import { PageFrame } from '../../sections/page-frame.tsx'
import { readSupportView } from '../../sections/read-views.ts'
import { formatMoney } from '../../support/money.ts'
import type { SupportStats } from '../../support/support-stats.ts'

export const metadata: Metadata = { title: 'Support' }

function Level({ stats }: { stats: SupportStats }) {
  const sums = stats.totalFundsRaised
  return (
    <dl
      className="on-water mt-12 grid gap-x-12 gap-y-8 bg-water px-6 py-10 text-on-water sm:grid-cols-[repeat(auto-fit,minmax(min(100%,12rem),1fr))] sm:px-10"
      data-testid="support"
    >
      <div className="flex flex-col-reverse border-t border-on-water/40 pt-4">
        <dt className="text-on-water-soft">given so far</dt>
        <dd className="text-[clamp(1.6rem,8vw,2.6rem)] leading-[1.1] tracking-[-0.02em] tabular-nums [overflow-wrap:anywhere]">
          {sums.length === 0 ? 'Nothing yet' : sums.map(formatMoney).join(' + ')}
        </dd>
      </div>
      <div className="flex flex-col-reverse border-t border-on-water/40 pt-4">
        <dt className="text-on-water-soft">{stats.totalSupporters === 1 ? 'person has given' : 'people have given'}</dt>
        <dd className="text-[2.6rem] leading-[1.1] tabular-nums">{stats.totalSupporters.toLocaleString('en')}</dd>
      </div>
    </dl>
  )
}

function Givers({ stats }: { stats: SupportStats }) {
  if (stats.leaderboard.length === 0) return null
  return (
    <section aria-labelledby="givers-title" className="mt-14">
      <h2 id="givers-title" className="text-[1.9rem]">
        Who keeps it running
      </h2>
      <ol className="mt-5 max-w-[40rem]">
        {stats.leaderboard.map((giver) => (
          <li key={giver.rank} className="flex items-baseline justify-between gap-6 border-t border-rule py-3.5">
            <bdi className="[overflow-wrap:anywhere]">{giver.display_name}</bdi>
            <span className="tabular-nums">{formatMoney(giver)}</span>
          </li>
        ))}
      </ol>
    </section>
  )
}

/** `2026-11-01 09:30 UTC`. */
const toMinute = (iso: string): string => `${iso.slice(0, 16).replace('T', ' ')} UTC`

/** How old the figures are; nothing where only we enter them. */
function toAge({ syncedAt }: SupportStats, { supporters, demoData }: Config): string {
  if (syncedAt !== null) return `As of ${toMinute(syncedAt)}`
  return supporters === undefined && !demoData ? '' : 'The list of supporters could not be read yet'
}

function GiveLink({ href }: { href: string }) {
  return (
    <p className="mt-12">
      <a className={quietButtonClass} href={href} rel="noreferrer">
        Give at Buy Me a Coffee
      </a>
    </p>
  )
}

export default async function SupportPage() {
  const stats = await readSupportView()
  const { config } = runtime()
  // The invented supporters have no page of their own.
  const givingUrl = config.givingUrl ?? (config.demoData ? 'https://www.buymeacoffee.com/' : undefined)
  return (
    <PageFrame
      title="What keeps the water flowing"
      lead="Headwater has no investor and shows no advertising. Its servers and test devices are paid for by people who want it to exist."
    >
      {stats === undefined ? (
        <p className="mt-10 text-soft-ink">The figures cannot be read right now. Try again shortly.</p>
      ) : (
        <>
          <Level stats={stats} />
          <p className="map-label mt-3 text-soft-ink">{toAge(stats, config)}</p>
          <Givers stats={stats} />
        </>
      )}
      {givingUrl !== undefined && <GiveLink href={givingUrl} />}
      <p className="mt-4 max-w-[36rem] text-soft-ink">
        A gift moves nobody up the list. A name is shown only if its owner allows that there, and goes with a refund.
      </p>
    </PageFrame>
  )
}
