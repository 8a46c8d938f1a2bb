import type { WaitlistStats } from '../waitlist/stats.ts'

/** What the form shows after a join. */
export interface JoinAnswer {
  readonly message: string
  readonly position: number
  readonly referralCode: string
}

// Written by hand: a schema library would be a tenth of the page's script.

const field = (body: unknown, name: string): unknown =>
  typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined

function text(body: unknown, name: string): string {
  const value = field(body, name)
  if (typeof value === 'string') return value
  throw new TypeError(`Cannot read answer: "${name}" must be text`)
}

function number(body: unknown, name: string): number {
  const value = field(body, name)
  if (typeof value === 'number') return value
  throw new TypeError(`Cannot read answer: "${name}" must be a number`)
}

/** The answer to a join. Throws a TypeError for anything else. */
export function readJoinAnswer(body: unknown): JoinAnswer {
  return {
    message: text(body, 'message'),
    position: number(body, 'position'),
    referralCode: text(body, 'referralCode'),
  }
}

/** The list's figures. Throws a TypeError for anything else. */
export function readFigures(body: unknown): WaitlistStats {
  return {
    totalSignups: number(body, 'totalSignups'),
    foundingMembersLeft: number(body, 'foundingMembersLeft'),
    totalReferrals: number(body, 'totalReferrals'),
  }
}

/** The first fault that a 400 names; undefined when it names none. */
export function readFault(body: unknown): { field: string; detail: string } | undefined {
  const errors = field(body, 'errors')
  const [first]: unknown[] = Array.isArray(errors) ? errors : []
  return first === undefined ? undefined : { field: text(first, 'field'), detail: text(first, 'detail') }
}
