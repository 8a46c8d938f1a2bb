import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { ApiError, type ApiTarget, askApi } from '../client/ask-api.ts'
import { countItems, toBatches } from '../client/batches.ts'
import { postBatch } from '../client/post-batch.ts'
import { type IngestBatch, MAX_BATCH_ITEMS } from '../health/ingest-batch.ts'
import { Preferences } from '../health/preferences.ts'
import { IsoDate } from '../local-day.ts'
import { createHealthDays, type HealthDays } from './health-days.ts'
import { ImportError } from './import-error.ts'
import { openExport } from './open-export.ts'
import { createProgress } from './progress.ts'
import { readExport } from './read-export.ts'
import { openSentBatches } from './sent-batches.ts'

/** Sends what Apple Health exported to a running API, as its phone app would. */

const USAGE = `Usage: npm run import -w apps/cloud-brain -- export.zip [options]
  --url URL      the API (or API_URL); without it the one that npm start runs
  --token TOKEN  whose data it is (or API_TOKEN, which other users of this machine cannot see)
  --since DATE   leave out what is older than this day
  --dry-run      read the export and say what would be sent`

const RunFile = z.object({ api: z.string(), token: z.string() })

try {
  await run()
} catch (error) {
  const isForeseen = error instanceof ImportError || error instanceof ApiError
  const reason = error instanceof ApiError ? `Cannot import: ${error.message}` : isForeseen ? error.message : undefined
  console.error(reason ?? `Cannot import: ${error instanceof Error ? `${error.name}: ${error.message}` : error}`)
  process.exitCode = 1
}

async function run(): Promise<void> {
  const { values, positionals } = readOptions()
  const [given] = positionals
  if (given === undefined) throw new ImportError(`Cannot import: no file was named\n${USAGE}`)
  if (positionals.length > 1) {
    throw new ImportError(`Cannot import: one file at a time, received ${positionals.length}\n${USAGE}`)
  }
  if (values.since !== undefined && !IsoDate.safeParse(values.since).success) {
    throw new ImportError('Cannot import: --since must be a day such as 2026-01-31')
  }
  // npm runs this in the package's folder; INIT_CWD is where the person is.
  const here = process.env.INIT_CWD ?? process.cwd()
  const path = resolve(here, given)
  const target = await findTarget(values, here)
  const days = await readDays(path, { timezone: await readTimezone(target), since: values.since })
  const batches = toBatches(days.batches(), MAX_BATCH_ITEMS)
  console.log(toSummary(days, batches))
  if (values['dry-run']) return
  const rejected = await send(batches, target, path)
  for (const [reason, count] of rejected) console.log(`Rejected ${count}: ${reason}`)
  const refused = [...rejected.values()].reduce((sum, count) => sum + count, 0)
  console.log(`Imported ${counted(batches.reduce((sum, batch) => sum + countItems(batch), 0) - refused, 'item')}`)
}

function readOptions() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        url: { type: 'string' },
        token: { type: 'string' },
        since: { type: 'string' },
        'dry-run': { type: 'boolean' },
      },
    })
  } catch (cause) {
    const [reason] = (cause instanceof Error ? cause.message : String(cause)).split(/[.;\n]/)
    throw new ImportError(`Cannot import: ${reason?.replace('argument is ambiguous', 'needs a value')}\n${USAGE}`, {
      cause,
    })
  }
}

async function findTarget({ url, token }: { url?: string; token?: string }, here: string): Promise<ApiTarget> {
  const runFile = process.env.MILLPOND_RUN_FILE ?? join(here, '.millpond', 'run.json')
  const running = await readFile(runFile, 'utf8').then(
    (text) => RunFile.parse(JSON.parse(text)),
    () => undefined,
  )
  const found = {
    url: url ?? process.env.API_URL ?? running?.api,
    token: token ?? process.env.API_TOKEN ?? running?.token,
  }
  if (found.url === undefined || found.token === undefined) {
    throw new ImportError('Cannot import: no API runs here; start it with npm start, or give --url and --token')
  }
  if (!URL.canParse(found.url))
    throw new ImportError('Cannot import: --url must be a URL such as http://127.0.0.1:8787')
  return { url: found.url, token: found.token }
}

/** Where the user lives decides which day a record belongs to. Asked first, so that a wrong token is known before a long read. */
async function readTimezone(target: ApiTarget): Promise<string> {
  const response = await askApi(target, '/api/v1/users/me/preferences')
  if (response.ok) return Preferences.parse(await response.json()).timezone
  if (response.status === 401) throw new ApiError('the API does not accept the token')
  throw new ApiError(`the API answered ${response.status}`)
}

async function readDays(
  path: string,
  { timezone, since }: { timezone: string; since: string | undefined },
): Promise<HealthDays> {
  const days = createHealthDays(timezone, { since })
  const { stream, bytes, close } = await openExport(path)
  const progress = createProgress('Reading the export')
  try {
    await readExport({ stream, name: path }, days, (done) => progress.tell(done, bytes))
  } finally {
    progress.end()
    close()
  }
  return days
}

function toSummary({ counts }: HealthDays, batches: readonly IngestBatch[]): string {
  const sources = new Set(batches.map(({ source }) => source))
  const items = batches.reduce((sum, batch) => sum + countItems(batch), 0)
  const { used, duplicates, unreadable, ignored } = counts
  const records = `${counted(used, 'record')} used, ${counted(duplicates, 'duplicate')}, ${unreadable} not readable, ${ignored} of other kinds`
  return `${records}: ${counted(items, 'item')} of ${counted(sources.size, 'source')}`
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`
}

/** Sends every batch that has not arrived yet. */
async function send(batches: readonly IngestBatch[], target: ApiTarget, path: string): Promise<Map<string, number>> {
  const sent = await openSentBatches(`${path}.sent`)
  const progress = createProgress('Sending')
  const rejected = new Map<string, number>()
  try {
    for (const [index, batch] of batches.entries()) {
      progress.tell(index, batches.length)
      const digest = digestOf(batch, target)
      if (sent.has(digest)) continue
      const result = await postBatch(target, batch, {
        idempotencyKey: `import-${digest}`,
        onWait: (seconds) => console.error(`Sending: asked to wait ${seconds} s`),
      })
      for (const { kind, detail } of result.rejected) {
        rejected.set(`${kind}: ${detail}`, (rejected.get(`${kind}: ${detail}`) ?? 0) + 1)
      }
      await sent.add(digest)
    }
    progress.tell(1, 1)
  } finally {
    progress.end()
  }
  await sent.forget()
  return rejected
}

/** The same for the same batch of the same user, whatever token they have today. */
function digestOf(batch: IngestBatch, { url, token }: ApiTarget): string {
  const [, claims = ''] = token.split('.')
  const subject = /"sub":"[^"]*"/.exec(Buffer.from(claims, 'base64url').toString())?.[0]
  return createHash('sha256')
    .update(JSON.stringify([new URL(url).origin, subject, batch]))
    .digest('base64url')
}
