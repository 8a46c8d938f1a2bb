import type { Metadata } from 'next'
import { LeaderTable } from '../../sections/leader-table.tsx'
import { PageFrame } from '../../sections/page-frame.tsx'
import { readLeadersView } from '../../sections/read-views.ts'

export const metadata: Metadata = { title: 'Leaderboard' }

export default async function LeaderboardPage() {
  return (
    <PageFrame
      title="The ten strongest tributaries"
      lead="Who brought the most friends to the list. A friend counts once they have confirmed their address, and moves the one who brought them five places up."
    >
      <LeaderTable leaders={await readLeadersView()} />
      <p className="mt-8 max-w-[38rem] text-soft-ink">
        Names are chosen by their owners at <a href="/me">your place</a>; whoever has chosen none appears under an
        invented one. At most a minute old.
      </p>
    </PageFrame>
  )
}
