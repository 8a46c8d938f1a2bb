import { z } from 'zod'
import type { FieldFault } from '../api/post-answers.ts'
import { isReadableMessage, readableLine } from '../api/readable-text.ts'
import { email } from '../waitlist/join-input.ts'

const line = (max: number) =>
  readableLine.normalize('NFC').min(1, 'is missing').max(max, `must be at most ${max} characters`)

export const longestMessage = 4_000

export const contactInput = z.object(
  {
    name: line(100),
    email,
    subject: line(150),
    message: z
      .string({ error: 'must be text' })
      // Forms send two signs for a line break, and count one.
      .overwrite((text) => text.replaceAll(/\r\n?/g, '\n'))
      .normalize('NFC')
      .trim()
      .min(1, 'is missing')
      .max(longestMessage, `must be at most ${longestMessage} characters`)
      .refine(isReadableMessage, 'must not contain control characters'),
    /** Comes with the form; a message that is sent twice under one is stored once. */
    submission: z.uuid('must be a UUID').optional(),
  },
  { error: 'must be an object with the fields "name", "email", "subject" and "message"' },
)
export type ContactInput = z.output<typeof contactInput>

export type ReadContactInput =
  | { readonly ok: true; readonly value: ContactInput }
  | { readonly ok: false; readonly faults: FieldFault[] }

/** Never throws: a bad body is an expected outcome. One fault for each field. */
export function readContactInput(body: unknown): ReadContactInput {
  const parsed = contactInput.safeParse(body)
  if (parsed.success) return { ok: true, value: parsed.data }
  const faults = new Map<string, FieldFault>()
  for (const { path, message } of parsed.error.issues) {
    const field = path.join('.') || 'body'
    if (!faults.has(field)) faults.set(field, { field, detail: message })
  }
  return { ok: false, faults: [...faults.values()] }
}
