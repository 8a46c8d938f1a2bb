import type { Leaderboard } from '../waitlist/leaderboard.ts'
import { LeaderTable } from './leader-table.tsx'

/** The first five of the leaderboard. */
export function Leaders({ leaders }: { leaders: Leaderboard | undefined }) {
  return (
    <section aria-labelledby="leaders-title" className="border-t border-rule">
      <div className="mx-auto grid max-w-[76rem] gap-x-16 px-5 py-20 sm:px-8 sm:py-28 lg:grid-cols-[22rem_1fr]">
        <div>
          <h2 id="leaders-title" className="text-[clamp(2rem,5vw,3.1rem)]">
            The strongest tributaries
          </h2>
          <p className="mt-4 text-soft-ink">
            Whoever brings friends moves up. <a href="/leaderboard">The whole table</a>
          </p>
        </div>
        <LeaderTable leaders={leaders?.slice(0, 5)} />
      </div>
    </section>
  )
}
