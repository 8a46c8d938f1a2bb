import type { VisitorNote } from '../waitlist/visitor-note.ts'
import { HeroMap } from './hero-map.tsx'
import { JoinForm } from './join-form.tsx'

/** `note` is what came of a form that was posted without JavaScript; `nowMs` is the server's clock at this rendering. */
export function Hero(props: { note: VisitorNote | undefined; nowMs: number; referralCode: string | undefined }) {
  const { note, nowMs, referralCode } = props
  return (
    <section
      aria-labelledby="hero-title"
      className="relative isolate -mt-20 pt-20 sm:-mt-24 sm:pt-24 min-[69rem]:overflow-hidden"
    >
      <div className="absolute inset-y-0 right-0 -z-10 hidden w-[54%] max-w-[50rem] min-[69rem]:block xl:w-[66%]">
        <HeroMap />
      </div>
      <div className="mx-auto max-w-[76rem] px-5 sm:px-8">
        <div className="max-w-[33rem] pt-8 pb-4 sm:pt-12 min-[69rem]:flex min-[69rem]:min-h-[33rem] min-[69rem]:max-w-[30rem] min-[69rem]:flex-col min-[69rem]:justify-center min-[69rem]:pt-2 min-[69rem]:pb-14">
          <h1 id="hero-title" className="text-[clamp(2.5rem,10.5vw,4.3rem)] leading-none tracking-[-0.03em]">
            Every change <span className="italic text-link">begins</span> somewhere.
          </h1>
          <p className="mt-6 max-w-[29rem] text-[1.15rem] leading-normal text-soft-ink">
            Your watch, ring and scale each keep a small stream of numbers. Headwater leads them into one, and when
            something shifts it follows the water back up to where it started.
          </p>
          <div id="join" className="mt-9 scroll-mt-6">
            <JoinForm note={note} nowMs={nowMs} referralCode={referralCode} />
          </div>
        </div>
      </div>
      <div className="relative ml-auto h-[max(22rem,76vw)] max-h-[33.5rem] max-w-[44rem] min-[69rem]:hidden">
        <HeroMap />
      </div>
    </section>
  )
}
