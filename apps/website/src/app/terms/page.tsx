import type { Metadata } from 'next'
import { Prose } from '../../sections/prose.tsx'

export const metadata: Metadata = { title: 'Terms' }

const passages = [
  {
    title: 'The list',
    paragraphs: [
      'A place on the list costs nothing and binds you to nothing. It says in which order we will invite; it is not a right to a product that does not exist yet. Places move when people bring friends.',
      'One place for each person. Places that were taken with invented addresses, or friends who do not exist, are removed.',
    ],
  },
  {
    title: 'Founding members',
    paragraphs: [
      'The first thirty people who confirm are invited first. That stays so whatever place they have later.',
    ],
  },
  {
    title: 'Gifts',
    paragraphs: [
      'A gift buys nothing, not even a better place. Refunds are made where it was given, by the rules there.',
    ],
  },
  {
    title: 'No medical advice',
    paragraphs: [
      'Headwater shows measurements. It is not a medical device, does not find illnesses and does not replace a doctor. Do not wait for it when you need help.',
    ],
  },
  {
    title: 'What we owe each other',
    paragraphs: [
      'We run this site with care and without a promise that it is always there. Please do not try to break it; if you find that you could, tell us first.',
    ],
  },
]

export default function TermsPage() {
  return (
    <Prose
      title="What we agree on"
      lead="The rules of the waiting list and of this site. Last changed on 23&nbsp;November&nbsp;2026."
      passages={passages}
    />
  )
}
