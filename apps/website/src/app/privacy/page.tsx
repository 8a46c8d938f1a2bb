import type { Metadata } from 'next'
import { keptDays } from '../../retention/periods.ts'
import { Prose } from '../../sections/prose.tsx'

export const metadata: Metadata = { title: 'Privacy' }

const years = ['', 'a year', 'two years', 'three years'] as const
/** Whole years in words, anything else in days. */
const words = (days: number): string => (days % 365 === 0 && years[days / 365]) || `${days} days`

const passages = [
  {
    title: 'The waiting list',
    paragraphs: [
      'We keep your e-mail address, when you joined and confirmed, who invited you, and what you chose to tell about your devices. We use it to run the list and to write to you about your place.',
      <>
        It is deleted at once when you leave the list at <a href="/me">your place</a> or ask us to,{' '}
        {keptDays.unconfirmed} days after you joined if you never confirmed, and {words(keptDays.confirmed)} after you
        confirmed at the latest.
      </>,
      'On the leaderboard you appear under a name of your choice or an invented one. No address, code or number of yours is shown to others, and the form tells nobody whether an address is on the list.',
    ],
  },
  {
    title: 'Messages to us',
    paragraphs: [
      `What you write is stored with your name and address so that we can answer, and is deleted ${words(keptDays.contact)} after you wrote it. That a mail was sent to you is noted for ${keptDays.outbox} days.`,
    ],
  },
  {
    title: 'Support',
    paragraphs: [
      'Gifts are taken by Buy Me a Coffee under their own terms. From there we read the amount, the day and, where you allow it, your name. Your address is turned into a code that cannot be turned back, so that one person is counted once.',
    ],
  },
  {
    title: 'Requests',
    paragraphs: [
      'To keep the site usable, requests from your network are counted for a minute under a scrambled form of its address. There are no visitor statistics, and no page asks another host for anything.',
    ],
  },
  {
    title: 'Who else has it',
    paragraphs: [
      'A hosting company runs the server and the database for us, and Resend delivers our mails. Nobody else gets your data, and nobody may use it for purposes of their own.',
    ],
  },
  {
    title: 'Your rights',
    paragraphs: [
      <>
        You may ask what we have about you, have it corrected, taken away or handed over, and complain to the data
        protection authority where you live. <a href="/contact">Write to us</a>; we answer within a month and usually
        within days.
      </>,
    ],
  },
]

export default function PrivacyPage() {
  return (
    <Prose
      title="What we know about you"
      lead="As little as it takes to keep a list and to answer mail. Last changed on 25&nbsp;November&nbsp;2026."
      passages={passages}
    />
  )
}
