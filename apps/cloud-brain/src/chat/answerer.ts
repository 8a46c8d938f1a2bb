import type { DailySummary } from '../analytics/daily-summary.ts'
import type { Units } from '../analytics/units.ts'
import type { Preferences } from '../health/preferences.ts'

/** What an answer may be made of: the user's own days, oldest first, the last being today, and how they want it said. */
export type ChatFacts = { days: readonly DailySummary[]; persona: Preferences['coach_persona']; units: Units }

/** A figure that an answer used. */
export type Citation = { date: string; metric: Exclude<keyof DailySummary, 'date'>; value: number }

/** One piece of an answer: more text, or the figures behind it. */
export type ChatPiece = { type: 'text'; text: string } | { type: 'citations'; citations: readonly Citation[] }

/** Answers a question, piece by piece. The iteration throws AnswererError when the answer cannot be had. */
export type Answerer = (
  question: { message: string; facts: ChatFacts },
  options: { signal: AbortSignal },
) => AsyncIterable<ChatPiece>

/** The model endpoint did not answer, or not as it should. */
export class AnswererError extends Error {
  readonly code = 'ANSWERER'
  override readonly name = 'AnswererError'
}
