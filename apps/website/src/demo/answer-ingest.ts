import { problem } from 'millpond/http'
import type { RouteContext } from '../api/api-route.ts'
import { formReturns, noStore, readPost, redirectWithNote } from '../api/post-answers.ts'
import { ingestDemo } from './read-demo.ts'

const place = { path: '/demo', fragment: 'ingest' } as const

const notTaken = 'The API did not take it. Try again in a minute.'

/** POST /api/demo/ingest: puts new steps of today under the demo user's data. */
export async function answerIngest({ request, runtime }: RouteContext): Promise<Response> {
  const body = await readPost(request)
  if (body instanceof Response) return body
  const steps = await ingestDemo(runtime.config.apiUrl)
  const isTaken = steps !== undefined
  const detail = isTaken
    ? `${steps.toLocaleString('en')} steps were sent. What depends on today was read anew.`
    : notTaken
  if (body.kind === 'form')
    return redirectWithNote(runtime, isTaken ? { kind: 'done', detail } : { kind: 'invalid', email: '', detail }, place)
  return isTaken
    ? Response.json({ message: detail, steps }, { headers: noStore })
    : problem({ status: 502, title: 'Bad gateway', detail })
}

export const ingestReturns = formReturns(() => place, notTaken)
