import { createHmac } from 'node:crypto'
import { z } from 'zod'
import { stripHidden } from '../api/readable-text.ts'
import type { Contribution } from './contribution.ts'
import { toMinorUnits } from './money.ts'

/** At five a page, a thousand supporters. More is a sign that the paging does not end. */
const maxPages = 200
const pageDeadlineMs = 5_000

const flag = z
  .union([z.number(), z.string(), z.boolean()])
  .nullish()
  .transform((value) => Number(value ?? 0) === 1)

const supporter = z.object({
  support_id: z.union([z.number(), z.string()]).transform(String),
  support_coffees: z.coerce.number().int().min(0),
  support_coffee_price: z.coerce.string(),
  support_currency: z
    .string()
    .toUpperCase()
    .regex(/^[A-Z]{3}$/),
  support_visibility: flag,
  support_created_on: z.string(),
  supporter_name: z.string().nullish(),
  payer_name: z.string().nullish(),
  payer_email: z.string().nullish(),
  is_refunded: flag,
})

const page = z.union([
  z.object({
    data: z.array(supporter),
    last_page: z.int().min(1),
    next_page_url: z.string().nullable(),
    total: z.int().min(0).optional(),
  }),
  // An empty list is answered with 200 and an error.
  z.object({ error: z.string() }),
])

/** The supporters could not be read in full; nothing of them is used. */
export class SupportSyncError extends Error {
  readonly code = 'ERR_SUPPORT_SYNC'
  constructor(reason: string) {
    super(`Cannot read the supporters: ${reason}`)
  }
}

export interface SupportersSource {
  /** Without a slash at the end. */
  readonly url: string
  readonly token: string
  /** Makes of a payer's address a key that says nothing. */
  readonly keySecret: string
}

function toContribution(found: z.output<typeof supporter>, keySecret: string): Contribution {
  const { support_id: sourceId, support_currency: currency } = found
  const amountMinor = toMinorUnits(found.support_coffee_price, { count: found.support_coffees, currency })
  if (amountMinor === undefined) throw new SupportSyncError('an amount is not a decimal number')
  const supportedAt = new Date(`${found.support_created_on.replace(' ', 'T').replace(/Z?$/, 'Z')}`)
  if (Number.isNaN(supportedAt.getTime())) throw new SupportSyncError('a date is not a date')
  const [name = null] = [found.supporter_name, found.payer_name].flatMap(
    (given) => stripHidden(given ?? '').trim() || [],
  )
  const who = found.payer_email?.trim().toLowerCase() || `support ${sourceId}`
  return {
    source: 'buymeacoffee',
    sourceId,
    amountMinor,
    currency,
    status: found.is_refunded ? 'refunded' : 'paid',
    // Their own choice: anything but 1 means that they do not wish to be named.
    name: found.support_visibility && name !== null ? [...name].slice(0, 60).join('') : null,
    supporterKey: createHmac('sha256', keySecret).update(`supporter.${who}`).digest('base64url').slice(0, 22),
    supportedAt,
  }
}

/**
 * The number after `current`; undefined after the last page. Of the address only that number is used: the host that gets our token
 * is the one that was configured.
 */
function nextPage(found: { next_page_url: string | null; last_page: number }, current: number): number | undefined {
  const { next_page_url: url, last_page: last } = found
  if (url === null) {
    if (current < last) throw new SupportSyncError(`page ${current} of ${last} names no next one`)
    return undefined
  }
  const base = 'http://localhost'
  const next = URL.canParse(url, base) ? new URL(url, base).searchParams.get('page') : null
  if (next !== String(current + 1)) throw new SupportSyncError(`page ${current} does not name the one after it`)
  return current + 1
}

async function readPage({ url, token }: SupportersSource, number: number): Promise<z.output<typeof page>> {
  const response = await fetch(`${url}/api/v1/supporters?page=${number}`, {
    headers: { Authorization: `Bearer ${token}`, Accept: 'application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(pageDeadlineMs),
  }).catch((error) => {
    throw new SupportSyncError(error instanceof Error ? error.name : 'no answer')
  })
  if (!response.ok) throw new SupportSyncError(`HTTP ${response.status}`)
  const parsed = page.safeParse(await response.json().catch(() => undefined))
  if (!parsed.success) throw new SupportSyncError(`page ${number} has another form than expected`)
  return parsed.data
}

export interface Supporters {
  readonly contributions: readonly Contribution[]
  /** `part` when the list changed while it was read, so that somebody may be missing; `said-empty` when an error says that it is empty: one of another kind may look the same. */
  readonly extent: 'whole' | 'part' | 'said-empty'
}

/**
 * Everybody, page by page, refunded ones included. Throws {@link SupportSyncError} rather than to give a part, also when `isLate`
 * says so before a page.
 */
export async function readSupporters(source: SupportersSource, isLate: () => boolean): Promise<Supporters> {
  const found = new Map<string, Contribution>()
  let number: number | undefined = 1
  const totals = new Set<number | undefined>()
  for (let count = 0; number !== undefined; count += 1) {
    if (count === maxPages) throw new SupportSyncError(`there are more than ${maxPages} pages`)
    if (isLate()) throw new SupportSyncError('it takes too long')
    const current: z.output<typeof page> = await readPage(source, number)
    if ('error' in current) {
      if (number > 1) throw new SupportSyncError('a page in the middle is empty')
      return { contributions: [], extent: 'said-empty' }
    }
    for (const each of current.data) found.set(each.support_id, toContribution(each, source.keySecret))
    totals.add(current.total)
    number = nextPage(current, number)
  }
  // Where somebody is deleted between two pages, the next ones move up by one, and one is missed.
  const isWhole = totals.size === 1 && (totals.has(found.size) || totals.has(undefined))
  return { contributions: [...found.values()], extent: isWhole ? 'whole' : 'part' }
}
