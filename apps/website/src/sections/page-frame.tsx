import type { ReactNode } from 'react'

/** An inner page: its title, one sentence on what it is, and what follows. */
export function PageFrame({ title, lead, children }: { title: ReactNode; lead?: ReactNode; children?: ReactNode }) {
  return (
    <div className="mx-auto w-full max-w-[76rem] px-5 pt-10 pb-20 sm:px-8 sm:pt-16 sm:pb-28">
      <h1 className="max-w-[22ch] text-[clamp(2.3rem,7vw,3.8rem)]">{title}</h1>
      {lead !== undefined && <p className="mt-5 max-w-[38rem] text-[1.15rem] text-soft-ink">{lead}</p>}
      {children}
    </div>
  )
}
