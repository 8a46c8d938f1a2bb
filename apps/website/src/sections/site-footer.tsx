import { Wordmark } from './wordmark.tsx'

export function SiteFooter() {
  return (
    <footer className="border-t border-rule">
      <div className="mx-auto grid max-w-[76rem] gap-x-16 gap-y-6 px-5 py-12 sm:px-8 md:grid-cols-[auto_1fr]">
        <Wordmark />
        <div className="text-soft-ink md:text-right">
          <p>Headwater is being built. It is not a medical device and gives no medical advice.</p>
          <p className="mt-1">Fonts, drawings and scripts of this page come from this site alone.</p>
        </div>
      </div>
    </footer>
  )
}
