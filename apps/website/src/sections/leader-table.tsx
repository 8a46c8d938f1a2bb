import type { Leaderboard } from '../waitlist/leaderboard.ts'

/** The ten who brought the most friends. `undefined`: the figures cannot be read now. */
export function LeaderTable({ leaders }: { leaders: Leaderboard | undefined }) {
  if (leaders === undefined)
    return <p className="mt-10 text-soft-ink">The table cannot be read right now. Try again shortly.</p>
  if (leaders.length === 0)
    return <p className="mt-10 text-soft-ink">Nobody’s friend has confirmed yet. The first one opens the table.</p>
  return (
    <table className="mt-10 w-full max-w-[46rem] border-collapse text-left" data-testid="leaders">
      <caption className="sr-only">Who brought the most friends</caption>
      <thead className="map-label text-soft-ink">
        <tr>
          <th scope="col" className="w-10 py-2 pr-3 font-normal">
            <span className="sr-only">Rank</span>
          </th>
          <th scope="col" className="py-2 pr-3 font-normal">
            Name
          </th>
          <th scope="col" className="py-2 pr-3 text-right font-normal">
            Friends
          </th>
          <th scope="col" className="py-2 text-right font-normal">
            Place
          </th>
        </tr>
      </thead>
      <tbody>
        {leaders.map((leader) => (
          <tr key={leader.rank} className="border-t border-rule">
            <td className="py-3.5 pr-3 text-link italic tabular-nums">{leader.rank}</td>
            <th scope="row" className="py-3.5 pr-3 text-[1.15rem] font-normal [overflow-wrap:anywhere]">
              <bdi>{leader.display_name}</bdi>
            </th>
            <td className="py-3.5 pr-3 text-right tabular-nums">{leader.referral_count}</td>
            <td className="py-3.5 text-right tabular-nums">{leader.queue_position}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
