import type { Metadata } from 'next'
import { Prose } from '../../sections/prose.tsx'

export const metadata: Metadata = { title: 'Cookies' }

const passages = [
  {
    title: 'headwater_me',
    paragraphs: [
      'Set when you press the button behind the link in your mail. It says whose browser this is, is signed, cannot be read by scripts, and lasts half a year. Without it the site cannot show you your place.',
    ],
  },
  {
    title: 'headwater_note',
    paragraphs: [
      'Set when the answer to a form is a new page. It carries the answer, and what you had typed, to the page you see next. It lasts five minutes, or an hour when the site could not take the form.',
    ],
  },
  {
    title: 'That is all',
    paragraphs: [
      'Nothing is set before you send a form, nothing by others, and nothing that follows you anywhere. So there is no banner to click away.',
    ],
  },
]

export default function CookiesPage() {
  return <Prose title="Two cookies" lead="Both do something you asked for." passages={passages} />
}
