import { countMails } from '../mail/count-mails.ts'
import { refuseStranger } from './admin-token.ts'
import type { RouteContext } from './api-route.ts'
import { noStore } from './post-answers.ts'

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/**
 * GET /api/admin/metrics: what this process's cache and limits came to since its start, whether they work, whether database and store answer, and how many mails of all instances are due or given up, in Prometheus' text format. A store that is
 * down shows here and nowhere on a page. Afterwards the outbox is looked after: where functions run the site, whoever asks regularly keeps mails moving. 404 where no secret is configured.
 */
export async function answerMetrics(context: RouteContext): Promise<Response> {
  const refusal = refuseStranger(context)
  if (refusal !== undefined) return refusal
  context.later(context.runtime.nudgeMailer)
  const { siteCache, limits, health, database } = context.runtime
  const [isDatabaseUp, isStoreUp, tests] = await Promise.all([
    health.isDatabaseUp(),
    health.isStoreUp(),
    health.selfTests(),
  ])
  const mails = isDatabaseUp ? await countMails(database.db).catch(() => undefined) : undefined
  const lines = Object.entries(siteCache.cache.counters()).flatMap(([name, value]) => [
    `# TYPE headwater_cache_${snake(name)}_total counter`,
    `headwater_cache_${snake(name)}_total ${value}`,
  ])
  lines.push('# TYPE headwater_limit_takes_total counter')
  for (const [policy, outcomes] of Object.entries(limits.counters())) {
    const { remembered: _partOfRefused, ...takes } = outcomes
    for (const [outcome, value] of Object.entries(takes)) {
      lines.push(`headwater_limit_takes_total{policy="${policy}",outcome="${outcome}"} ${value}`)
    }
  }
  lines.push(
    '# TYPE headwater_up gauge',
    `headwater_up{part="database"} ${Number(isDatabaseUp)}`,
    `headwater_up{part="store"} ${Number(isStoreUp)}`,
    '# TYPE headwater_self_test_ok gauge',
    `headwater_self_test_ok{part="cache"} ${Number(tests.cache)}`,
    `headwater_self_test_ok{part="limits"} ${Number(tests.limiter)}`,
  )
  // While the database is away nobody knows.
  if (mails !== undefined) {
    lines.push(
      '# TYPE headwater_mails gauge',
      `headwater_mails{state="due"} ${mails.due}`,
      `headwater_mails{state="given-up"} ${mails.givenUp}`,
    )
  }
  const headers = { ...noStore, 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' }
  return new Response(`${lines.join('\n')}\n`, { headers })
}
