import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { type Entry, openPromise, type ZipFile } from 'yauzl'
import { codeOf } from '../log-error.ts'
import { ImportError } from './import-error.ts'

/** The XML of an export as a stream of bytes, and how many bytes it will be. */
export type OpenExport = { stream: Readable; bytes: number; close(): void }

/** The phone's language decides how the file is called; the clinical documents beside it are always `export_cda.xml`. */
const EXPORT_ENTRY = /^(?:[^/]+\/)?(?!export_cda\.xml$)[^/]+\.xml$/i

/**
 * Opens what Apple Health exports: the zip file, or the XML file out of it. Nothing is unpacked to disk or held in memory.
 *
 * @throws ImportError for a file that is not there, is not a zip file, is damaged, or has no export in it
 */
export async function openExport(path: string): Promise<OpenExport> {
  if (path.toLowerCase().endsWith('.xml')) return openXml(path)
  await requireZip(path)
  const damaged = (cause: unknown) => {
    throw new ImportError(`Cannot import ${path}: the zip file is damaged, or was not copied completely`, { cause })
  }
  const zip = await openPromise(path, { lazyEntries: true, autoClose: false }).catch(damaged)
  try {
    const entry = await findEntry(zip).catch(damaged)
    if (!entry) {
      throw new ImportError(`Cannot import ${path}: it must have apple_health_export/export.xml in it`)
    }
    if (entry.isEncrypted()) throw new ImportError(`Cannot import ${path}: it must not be encrypted`)
    const stream = await zip.openReadStreamPromise(entry).catch(damaged)
    return { stream, bytes: entry.uncompressedSize, close: () => zip.close() }
  } catch (error) {
    zip.close()
    throw error
  }
}

async function findEntry(zip: ZipFile): Promise<Entry | undefined> {
  for await (const entry of zip.eachEntry()) if (EXPORT_ENTRY.test(entry.fileName)) return entry
  return undefined
}

async function openXml(path: string): Promise<OpenExport> {
  const { size } = await stat(path).catch((cause: unknown) => {
    throw notReadable(path, cause)
  })
  const stream = createReadStream(path)
  return { stream, bytes: size, close: () => stream.destroy() }
}

async function requireZip(path: string): Promise<void> {
  const file = await open(path).catch((cause: unknown) => {
    throw notReadable(path, cause)
  })
  try {
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0)
    if (buffer.toString('latin1', 0, 2) === 'PK') return
  } catch (cause) {
    throw notReadable(path, cause)
  } finally {
    await file.close()
  }
  throw new ImportError(`Cannot import ${path}: it must be the export.zip of Apple Health, or the export.xml out of it`)
}

function notReadable(path: string, cause: unknown): ImportError {
  const reason =
    codeOf(cause) === 'ENOENT' ? 'there is no such file' : `it cannot be read (${codeOf(cause) ?? 'unknown reason'})`
  return new ImportError(`Cannot import ${path}: ${reason}`, { cause })
}
