import type { Engine } from '../engine/engine.ts'
import type { Answer } from '../protocol/answer.ts'

/** 200 when Redis answers a PING, else 503 with the reason; also 503 while the server is closing. */
export async function healthAnswer(engine: Engine, isDraining: boolean): Promise<Answer> {
  if (isDraining) return { status: 503, body: JSON.stringify({ status: 'draining' }) }
  const [outcome] = await engine.send([{ name: 'PING', args: [] }])
  if (outcome?.kind === 'reply') return { status: 200, body: JSON.stringify({ status: 'ok' }) }
  const reason = outcome?.message ?? 'ERR the engine gave no outcome'
  return { status: 503, body: JSON.stringify({ status: 'unavailable', reason }) }
}
