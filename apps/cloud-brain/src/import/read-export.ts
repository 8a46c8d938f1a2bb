import type { Readable } from 'node:stream'
import { SaxesParser, type SaxesTagPlain } from 'saxes'
import { ImportError } from './import-error.ts'

/** An export is five deep. Each level costs memory, and a zip file of some kilobytes can hold millions. */
const MAX_DEPTH = 64

/** Elements take some hundred bytes. One that does not end is held in memory as far as it goes, and a zip file of some kilobytes can hold hundreds of megabytes. */
const MAX_ELEMENT_BYTES = 1_048_576

/** What one element of the export says, as it says it. */
export type ExportedRecord = Readonly<Record<string, string>>

/** A workout with its sums: `HKQuantityTypeIdentifier…` to value and unit. */
export type ExportedWorkout = {
  attributes: ExportedRecord
  sums: ReadonlyMap<string, { value?: string; unit?: string }>
}

/** Takes what is read, element by element. */
export type ExportReader = { record(record: ExportedRecord): void; workout(workout: ExportedWorkout): void }

/**
 * Reads an export while it arrives. Records inside a correlation are left out: Apple writes each of them on its own, too.
 *
 * @param onProgress is given the number of bytes read so far
 * @throws ImportError naming the line for XML that is broken, nested too deeply, has an element without end, or says that it is something else
 */
export async function readExport(
  { stream, name }: { stream: Readable; name: string },
  reader: ExportReader,
  onProgress: (bytes: number) => void,
): Promise<void> {
  const parser = new SaxesParser()
  const path: string[] = []
  let bytes = 0
  let lastTagAt = 0
  let workout: { attributes: ExportedRecord; sums: Map<string, { value?: string; unit?: string }> } | undefined

  parser.on('error', (cause) => {
    throw new ImportError(`Cannot import ${name}: the XML is broken in line ${parser.line}`, { cause })
  })
  parser.on('opentag', (tag: SaxesTagPlain) => {
    lastTagAt = bytes
    if (path.length === 0 && tag.name !== 'HealthData') {
      throw new ImportError(`Cannot import ${name}: the XML must be an export of Apple Health (HealthData)`)
    }
    if (path.length >= MAX_DEPTH) {
      throw new ImportError(`Cannot import ${name}: the XML is nested too deeply in line ${parser.line}`)
    }
    const parent = path.at(-1)
    path.push(tag.name)
    if (tag.name === 'Record' && parent === 'HealthData') reader.record(tag.attributes)
    else if (tag.name === 'Workout' && parent === 'HealthData')
      workout = { attributes: tag.attributes, sums: new Map() }
    else if (tag.name === 'WorkoutStatistics' && workout) {
      const { type = '', sum, unit } = tag.attributes
      workout.sums.set(type, { ...(sum !== undefined && { value: sum }), ...(unit !== undefined && { unit }) })
    }
  })
  parser.on('closetag', ({ name: closed }) => {
    lastTagAt = bytes
    path.pop()
    if (closed !== 'Workout' || !workout) return
    reader.workout(workout)
    workout = undefined
  })

  const decoder = new TextDecoder('utf-8', { fatal: true })
  const decode = (chunk?: Buffer): string => {
    try {
      return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode()
    } catch (cause) {
      throw new ImportError(`Cannot import ${name}: the XML must be UTF-8, and is not in line ${parser.line}`, {
        cause,
      })
    }
  }
  for await (const chunk of chunksOf(stream, name)) {
    bytes += chunk.byteLength
    parser.write(decode(chunk))
    if (bytes - lastTagAt > MAX_ELEMENT_BYTES) {
      throw new ImportError(`Cannot import ${name}: an element is longer than 1 MiB in line ${parser.line}`)
    }
    onProgress(bytes)
  }
  parser.write(decode()).close()
}

async function* chunksOf(stream: Readable, name: string): AsyncIterable<Buffer> {
  try {
    yield* stream as AsyncIterable<Buffer>
  } catch (cause) {
    throw new ImportError(`Cannot import ${name}: it is damaged, or was not copied completely`, { cause })
  }
}
