const kept = [
  'Your e-mail address, to write to you about your place on the list.',
  'Who invited you, if you came by a friend’s link.',
  'A count of requests from your network, for a minute, under a scrambled name.',
] as const

const never = [
  'No advertising, no trackers, no analytics by others: this page contacts no other host.',
  'No address is shown to other visitors, and the form tells nobody whether yours is on the list.',
  'No sale of data, now or later.',
] as const

function Ledger({ title, entries, sign }: { title: string; entries: readonly string[]; sign: string }) {
  return (
    <div>
      <h3 className="text-[1.5rem] italic">{title}</h3>
      <ul className="mt-4">
        {entries.map((entry) => (
          <li key={entry} className="grid grid-cols-[1.6rem_1fr] border-t border-rule py-4">
            <span aria-hidden="true" className="text-link">
              {sign}
            </span>
            {entry}
          </li>
        ))}
      </ul>
    </div>
  )
}

export function Privacy() {
  return (
    <section id="private" aria-labelledby="private-title" className="mx-auto max-w-[76rem] px-5 py-20 sm:px-8 sm:py-28">
      <h2 id="private-title" className="text-[clamp(2rem,5vw,3.1rem)]">
        Clear enough to see the bottom
      </h2>
      <p className="mt-4 max-w-[40rem] text-soft-ink">
        What this site holds about you while Headwater is being built. All you need to give is an address.
      </p>
      <div className="mt-12 grid gap-x-16 gap-y-12 md:grid-cols-2">
        <Ledger title="What we keep" entries={kept} sign="+" />
        <Ledger title="What we do not do" entries={never} sign="–" />
      </div>
    </section>
  )
}
