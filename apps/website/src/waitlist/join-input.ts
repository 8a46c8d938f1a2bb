import { z } from 'zod'
import type { FieldFault } from '../api/post-answers.ts'
import { readableLine } from '../api/readable-text.ts'
import { referralCodePattern } from './referral-code.ts'

const text = (max: number) => readableLine.max(max, `must be at most ${max} characters`)

const answer = text(60).min(1, 'is missing')
const answers = z.array(answer, 'must be a list').max(12, 'must have at most 12 entries')

/** The optional short quiz: at most 12 answers of 60 characters each, and a goal of at most 280. */
export const quizInput = z.object({
  apps: answers.optional(),
  frustrations: answers.optional(),
  goal: text(280).optional(),
})
export type Quiz = z.output<typeof quizInput>

/** Trimmed and lower-cased; at most 255 characters. */
export const email = z
  .string({ error: 'must be text' })
  .trim()
  .toLowerCase()
  .min(1, 'is missing')
  .max(255, 'must be at most 255 characters')
  .pipe(z.email('must look like ada@example.org'))

/** Body of a join, as JSON or as the fields of the form. An empty referral code, as a form sends it, counts as none. */
export const joinInput = z.object(
  {
    email,
    referralCode: z
      .string()
      .trim()
      .toUpperCase()
      .refine((code) => code === '' || referralCodePattern.test(code), 'must be 8 letters and digits')
      .transform((code) => (code === '' ? undefined : code))
      .optional(),
    quiz: quizInput.optional(),
  },
  { error: 'must be an object with the field "email"' },
)
export type JoinInput = z.output<typeof joinInput>

/**
 * A join as the page's forms send it: the quiz beside the address instead of in an object of its own. Without an answer there is
 * no quiz.
 */
export function fromJoinForm(fields: unknown): unknown {
  if (typeof fields !== 'object' || fields === null) return fields
  const { apps, frustrations, goal, ...others } = Object(fields) as Record<string, unknown>
  const answered = Object.entries({ apps, frustrations, goal }).filter(
    ([, value]) => value !== undefined && value !== '',
  )
  return answered.length === 0 ? others : { ...others, quiz: Object.fromEntries(answered) }
}

export type ReadJoinInput =
  | { readonly ok: true; readonly value: JoinInput }
  | { readonly ok: false; readonly faults: FieldFault[] }

/** Never throws: a bad body is an expected outcome. */
export function readJoinInput(body: unknown): ReadJoinInput {
  const parsed = joinInput.safeParse(body)
  if (parsed.success) return { ok: true, value: parsed.data }
  const faults = parsed.error.issues.map((issue) => ({ field: issue.path.join('.') || 'body', detail: issue.message }))
  return { ok: false, faults }
}
