import { z } from 'zod'
import { METRICS } from '../analytics/trend.ts'
import { KG_PER_POUND } from '../analytics/units.ts'
import { type Answerer, AnswererError, type ChatFacts, type Citation } from './answerer.ts'

const TIMEOUT_MS = 60_000
const Chunk = z.object({
  choices: z.array(z.object({ delta: z.object({ content: z.string().nullish() }).nullish() })),
})

/** An endpoint that speaks OpenAI's chat completions. `url` ends before `/chat/completions`. */
export type ModelEndpoint = { url: string; apiKey: string; model: string }

/**
 * Answers with a language model. It is given the user's figures of the last days and nothing else about them: no id, name or
 * e-mail. Cited is what it was given.
 */
export function createModelAnswerer({ url, apiKey, model }: ModelEndpoint): Answerer {
  return async function* ({ message, facts }, { signal }) {
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
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    }).catch((cause: unknown) => {
      throw new AnswererError('Cannot answer: the model endpoint does not answer', { cause })
    })
    if (!response.ok || !response.body) {
      await response.body?.cancel()
      throw new AnswererError(`Cannot answer: the model endpoint answered ${response.status}`)
    }
    let isDone = false
    for await (const data of readEvents(response.body)) {
      isDone = data === '[DONE]'
      if (isDone) break
      const text = toDelta(data)
      if (text !== '') yield { type: 'text', text }
    }
    if (!isDone) throw new AnswererError('Cannot answer: the model endpoint ended in the middle')
    yield { type: 'citations', citations: toCitations(facts) }
  }
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

/** The data of each server-sent event, however the bytes are cut. */
async function* readEvents(body: ReadableStream<Uint8Array>): AsyncIterable<string> {
  let buffer = ''
  const decoder = new TextDecoder()
  try {
    for await (const bytes of body) {
      buffer += decoder.decode(bytes, { stream: true })
      const lines = buffer.split(/\r?\n/)
      buffer = lines.pop() ?? ''
      for (const line of lines) if (line.startsWith('data:')) yield line.slice('data:'.length).trim()
    }
  } catch (cause) {
    throw new AnswererError('Cannot answer: the connection to the model endpoint broke', { cause })
  }
}
