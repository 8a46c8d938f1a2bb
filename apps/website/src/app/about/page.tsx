import type { Metadata } from 'next'
import { Prose } from '../../sections/prose.tsx'

export const metadata: Metadata = { title: 'About' }

const passages = [
  {
    title: 'Why',
    paragraphs: [
      'Most of us carry three or four devices that count something, and none of them knows of the others. When you sleep badly for a week, the reason is seldom in the number that tells you so. It is upstream, in another one, some days before.',
      'Headwater brings these numbers into one stream and follows a change back to where it began. It says what it saw and what it left out. It does not say what you should do.',
    ],
  },
  {
    title: 'How',
    paragraphs: [
      'A small service takes in what your devices measured and answers with days and weeks. Where two devices disagree it takes the more complete one and never the sum. Every rule of that kind is written down and can be read.',
      <>
        You can see it at work on invented data in <a href="/demo">the demonstration</a>.
      </>,
    ],
  },
  {
    title: 'Who',
    paragraphs: [
      <>
        A few people with too many watches. We take no investment and show no advertising; what it costs is paid by{' '}
        <a href="/support">people who want it to exist</a>. You can <a href="/contact">write to us</a>, and a person
        answers.
      </>,
    ],
  },
]

export default function AboutPage() {
  return (
    <Prose title="A handful of springs" lead="What Headwater is, and what it will not become." passages={passages} />
  )
}
