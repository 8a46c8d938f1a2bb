import type { ReactNode } from 'react'
import { PageFrame } from './page-frame.tsx'

export interface Passage {
  readonly title: string
  readonly paragraphs: readonly ReactNode[]
}

/** A page of text: what it is in one sentence, then passages with headings of their own. */
export function Prose({ title, lead, passages }: { title: string; lead: ReactNode; passages: readonly Passage[] }) {
  return (
    <PageFrame title={title} lead={lead}>
      <div className="mt-14 grid max-w-[62rem] gap-y-10">
        {passages.map((passage) => (
          <section
            key={passage.title}
            className="grid gap-x-12 gap-y-3 border-t border-rule pt-6 md:grid-cols-[11rem_1fr] lg:grid-cols-[18rem_1fr]"
          >
            <h2 className="text-[1.5rem] italic">{passage.title}</h2>
            <div className="grid gap-4">
              {passage.paragraphs.map((paragraph, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: the text of a page never moves.
                <p key={index}>{paragraph}</p>
              ))}
            </div>
          </section>
        ))}
      </div>
    </PageFrame>
  )
}
