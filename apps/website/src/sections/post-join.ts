import type { Quiz } from '../waitlist/join-input.ts'
import { type JoinAnswer, readFault, readJoinAnswer } from './read-answer.ts'

/** What the form shows. */
export type JoinState =
  | { readonly status: 'idle' }
  | { readonly status: 'sending' }
  | { readonly status: 'ready-again' }
  | { readonly status: 'joined'; readonly answer: JoinAnswer }
  | { readonly status: 'invalid'; readonly detail: string }
  | { readonly status: 'waiting'; readonly seconds: number }
  | { readonly status: 'failed'; readonly detail: string }

const failed = (detail: string): JoinState => ({ status: 'failed', detail })

/** Whole seconds of a Retry-After header, at least 1; 60 when it is missing. */
export function readRetryAfter(headers: Headers): number {
  const seconds = Number(headers.get('retry-after') ?? 60)
  return Number.isFinite(seconds) ? Math.max(1, Math.ceil(seconds)) : 60
}

/** Names the field as the page does. */
export const toSentence = (field: string, detail: string): string =>
  field === 'email' ? `The e-mail address ${detail}.` : `The ${field} ${detail}.`

async function toState(response: Response): Promise<JoinState> {
  if (response.status === 201) return { status: 'joined', answer: readJoinAnswer(await response.json()) }
  if (response.status === 429) return { status: 'waiting', seconds: readRetryAfter(response.headers) }
  if (response.status === 400) {
    const fault = readFault(await response.json())
    return {
      status: 'invalid',
      detail: fault === undefined ? 'This was not accepted.' : toSentence(fault.field, fault.detail),
    }
  }
  return failed('The list cannot be reached right now. Your address was not saved; please try again in a minute.')
}

/** Sends the form's fields. Resolves to a failed state, never rejects, when the site cannot be reached. */
export async function postJoin(fields: {
  email: string
  referralCode: string
  quiz?: Quiz | undefined
}): Promise<JoinState> {
  try {
    const response = await fetch('/api/waitlist/join', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(fields),
    })
    return await toState(response)
  } catch {
    return failed(
      navigator.onLine
        ? 'The site did not answer. Please try again in a moment.'
        : 'You are offline. What you typed is still here; send it when you are back.',
    )
  }
}
