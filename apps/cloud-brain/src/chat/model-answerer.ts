import { z } from 'zod'
import { METRICS } from '../analytics/trend.ts'
import { KG_PER_POUND } from '../analytics/units.ts'
import { type Answerer, AnswererError, type ChatFacts, type Citation } from './answerer.ts'

const TIMEOUT_MS = 60_000
/** More than any piece of an answer; without a bound what never ends a line would be kept whole. */
const MAX_LINE_LENGTH = 1_048_576
const Chunk = z.object({
  choices: z.array(z.object({ delta: z.object({ content: z.string().nullish() }).nullish() })),
})

/** An endpoint that speaks OpenAI's chat completions. `url` ends before `/chat/completions`. */
export type ModelEndpoint = { url: string; apiKey: string; model: string }

/**
 * Answers with a language model. It is given the user's figures of the last days and nothing else about them: no id, name or
 * e-mail. Cited is what it was given. A whole answer may take `timeoutMs`, 60 s unless told.
 */
export function createModelAnswerer(
  endpoint: ModelEndpoint,
  { timeoutMs = TIMEOUT_MS }: { timeoutMs?: number } = {},
): Answerer {
  return async function* ({ message, facts }, { signal }) {
    // No AbortSignal.timeout: AbortSignal.any holds it weakly, and on Node.js 20 one that was collected never fires.
    const deadline = new AbortController()
    const timer = setTimeout(() => deadline.abort(new DOMException('no answer in time', 'TimeoutError')), timeoutMs)
    try {
      const body = await post(endpoint, { message, facts }, AbortSignal.any([signal, deadline.signal]))
      let isDone = false
      let hasText = false
      for await (const data of readEvents(body)) {
        isDone = data === '[DONE]'
        if (isDone) break
        const text = toDelta(data)
        if (text === '') continue
        hasText = true
        yield { type: 'text', text }
      }
      if (!isDone) throw new AnswererError('Cannot answer: the model endpoint ended in the middle')
      if (!hasText) throw new AnswererError('Cannot answer: the model endpoint gave no text')
      yield { type: 'citations', citations: toCitations(facts) }
    } finally {
      clearTimeout(timer)
    }
  }
}

async function post(
  { url, apiKey, model }: ModelEndpoint,
  { message, facts }: { message: string; facts: ChatFacts },
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const response = await fetch(`${url.replace(/\/$/, '')}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({
      model,
      stream: true,
      messages: [
        { role: 'system', content: toInstructions(facts) },
        { role: 'user', content: message },
      ],
    }),
    signal,
  }).catch((cause: unknown) => {
    throw new AnswererError('Cannot answer: the model endpoint does not answer', { cause })
  })
  if (response.ok && response.body) return response.body
  await response.body?.cancel()
  throw new AnswererError(`Cannot answer: the model endpoint answered ${response.status}`)
}

function toInstructions({ days, persona, units }: ChatFacts): string {
  return [
    `You are a health coach. Your manner is ${persona.replace('_', ' ')}. Answer in a few sentences.`,
    'Use only these figures of the user, one JSON object a day; null was not measured. Give no medical diagnosis.',
    ...(units === 'imperial' ? [`Say weights in pounds; one pound is ${KG_PER_POUND} kg.`] : []),
    ...days.map((day) => JSON.stringify(day)),
  ].join('\n')
}

function toCitations({ days }: ChatFacts): Citation[] {
  return days.flatMap((day) =>
    METRICS.flatMap((metric) => {
      const value = day[metric]
      return value === null ? [] : [{ date: day.date, metric, value }]
    }),
  )
}

function toDelta(data: string): string {
  try {
    return Chunk.parse(JSON.parse(data)).choices[0]?.delta?.content ?? ''
  } catch (cause) {
    throw new AnswererError('Cannot answer: the model endpoint sent something else', { cause })
  }
}

/** The data of each server-sent event, however the bytes are cut; the last line may lack its end. */
async function* readEvents(body: ReadableStream<Uint8Array>): AsyncIterable<string> {
  let rest = ''
  const decoder = new TextDecoder()
  try {
    for await (const bytes of body) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split(/\r?\n/)
      rest = lines.pop() ?? ''
      if (rest.length > MAX_LINE_LENGTH)
        throw new AnswererError('Cannot answer: the model endpoint sent a line without end')
      for (const line of lines) yield* toData(line)
    }
  } catch (cause) {
    if (cause instanceof AnswererError) throw cause
    throw new AnswererError('Cannot answer: the connection to the model endpoint broke', { cause })
  }
  yield* toData(rest)
}

function toData(line: string): string[] {
  return line.startsWith('data:') ? [line.slice('data:'.length).trim()] : []
}
