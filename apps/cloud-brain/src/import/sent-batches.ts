import { appendFile, readFile, rm } from 'node:fs/promises'

/** Remembers which batches have arrived, so that an import that broke off goes on where it stopped. */
export type SentBatches = {
  has(digest: string): boolean
  add(digest: string): Promise<void>
  /** All have arrived: nothing needs to be remembered. */
  forget(): Promise<void>
}

/** Opens the list in a file, one digest a line. A folder that cannot be written costs only the going on: batches may come twice. */
export async function openSentBatches(path: string): Promise<SentBatches> {
  const text = await readFile(path, 'utf8').catch(() => '')
  const digests = new Set(text.split('\n').filter((line) => line !== ''))
  return {
    has: (digest) => digests.has(digest),
    add: async (digest) => {
      digests.add(digest)
      await appendFile(path, `${digest}\n`, { mode: 0o600 }).catch(() => {})
    },
    forget: () => rm(path, { force: true }).catch(() => {}),
  }
}
