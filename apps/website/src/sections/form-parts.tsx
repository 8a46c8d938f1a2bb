import type { ReactNode } from 'react'

/** The border is seen where the system's colours take the place of the page's, and backgrounds go. */
export const buttonClass =
  'min-h-12 rounded-md border-2 border-transparent bg-action px-6 py-2 font-sans text-base font-medium text-on-action hover:bg-action-hover aria-disabled:cursor-not-allowed aria-disabled:bg-rule aria-disabled:text-soft-ink'
export const quietButtonClass =
  'inline-flex min-h-11 items-center rounded-md border border-field px-4 font-sans text-[0.9rem] text-ink no-underline hover:border-link'
export const warningButtonClass =
  'min-h-12 rounded-md border-2 border-mark px-6 py-2 font-sans text-base font-medium text-mark hover:bg-mark hover:text-sheet'
export const fieldClass =
  'scroll-mt-24 min-h-12 w-full min-w-0 rounded-md border border-field bg-sheet px-4 font-sans text-base text-ink placeholder:text-soft-ink aria-invalid:border-2 aria-invalid:border-mark'

/** Of every field that takes a visitor's address. */
export const emailInput = {
  name: 'email',
  type: 'email',
  required: true,
  maxLength: 255,
  autoComplete: 'email',
} as const

/** What an address leads to after a form: it stands in the middle, with the form above it still in view. */
export const targetClass = 'scroll-mt-[50vh] outline-none'

/** A label, its field and what is wrong with it. The field's `id` is `id`, its description `${id}-hint`. */
export function LabelledField(props: { id: string; label: string; hint?: ReactNode; children: ReactNode }) {
  const { id, label, hint, children } = props
  return (
    <div>
      <label htmlFor={id} className="block text-[1.05rem]">
        {label}
      </label>
      <div className="mt-2">{children}</div>
      <p id={`${id}-hint`} className="mt-2 text-[0.95rem] text-soft-ink">
        {hint}
      </p>
    </div>
  )
}
