import { Agent } from 'node:http'
import type { StartedRedis } from 'millpond-e2e/servers'
import { expect } from 'vitest'
import type { RestServer } from '../../src/index.ts'
import { openDirect, readTree, type Tree, writeTree } from './direct.ts'
import { nameOf, toComparable, toDirect, toRest, toSlot } from './expected.ts'
import { readState } from './read-state.ts'
import { type Format, type Step, sendStep } from './send-step.ts'
import { knownScripts, type TwinCommand } from './words.ts'

export interface TwinsOptions {
  readonly redis: StartedRedis
  /** In front of database 1. */
  readonly server: RestServer
  readonly token: string
  /** What the token's keys begin with; for a glob that is to match only them, escaped. Empty for none. */
  readonly prefix: string
  readonly globPrefix: string
}

/** Database 0, which is spoken to in RESP, and database 1 behind the REST server. */
export interface Twins {
  /** Both empty. */
  clear(): Promise<void>
  /** Does a step on both and expects the same answer. */
  play(step: Step): Promise<void>
  /** Expects the same keys, byte for byte. */
  compare(): Promise<void>
  /** How many answers were compared, and how many of them were no errors. */
  readonly counts: { answers: number; results: number; refused: number }
  close(): void
}

const line = (text: string): Buffer[] => text.split(' ').map((word) => Buffer.from(word))
const nothing: Tree = { kind: 'nil' }

function hasWord(command: TwinCommand, ...words: string[]): boolean {
  return command.some(({ bytes }) => words.includes(bytes.toString().split('\0')[0]?.toUpperCase() ?? ''))
}

/** What the documentation says is refused to everybody. */
function isRefused(command: TwinCommand): boolean {
  const name = nameOf(command)
  if (name === 'BLPOP' || name === 'SELECT' || name === 'CLIENT' || name === 'SCRIPT') return true
  if (name === 'COPY') return hasWord(command, 'DB')
  return (name === 'XREAD' || name === 'XREADGROUP') && hasWord(command, 'BLOCK')
}

/** What is refused to a token with a prefix beside that. */
function isUnconfined(command: TwinCommand): boolean {
  const name = nameOf(command)
  if (name === 'SORT' || name === 'SORT_RO') return hasWord(command, 'BY', 'GET', 'STORE')
  if (name === 'GEORADIUS' || name === 'GEORADIUSBYMEMBER') return hasWord(command, 'STORE', 'STOREDIST')
  return name === 'DBSIZE' || (name === 'OBJECT' && hasWord(command, 'HELP')) || name === 'CLIENT'
}

/** A transaction that holds a script runs as a user that may not do everything. */
function isRefusedToScripts({ commands }: Step, text: string): boolean {
  if (!/^\{"error":"EXECABORT [^:]+: (NOPERM|ERR|-NOPERM)?.*permission/.test(text)) return false
  const hasScript = commands.some((command) => /^(EVAL|FCALL)/.test(nameOf(command)))
  return (
    hasScript &&
    commands.some((command) =>
      /^(SCAN|KEYS|COPY|SORT|SORT_RO|COMMAND|PFMERGE|GEORADIUS|GEORADIUSBYMEMBER)$/.test(nameOf(command)),
    )
  )
}

function wantsTypes(command: TwinCommand): boolean {
  return nameOf(command) === 'SCAN' && hasWord(command, 'WITHTYPE')
}

function readAll(bytes: Buffer): Tree[] {
  const trees: Tree[] = []
  for (let at = 0; at < bytes.length; ) {
    const read = readTree(bytes, at)
    if (read === undefined) throw new TypeError(`Cannot read the answer: ${JSON.stringify(bytes.toString())}`)
    trees.push(read[0])
    at = read[1]
  }
  return trees
}

/** The slots of an answer, each as the bytes that were sent and as JSON. */
function toSlots(body: Buffer, format: Format, isBatch: boolean): { raw: string; text: string }[] {
  if (format === 'resp2') {
    return readAll(body).map((tree) => ({ raw: writeTree(tree).toString('latin1'), text: toSlot(tree, 'text') }))
  }
  const text = body.toString()
  if (!isBatch) return [{ raw: text, text }]
  // A reply may hold what looks like the border of two slots; none that the twins are asked for does.
  const texts = text.slice(1, -1).split(/(?<=}),(?={"(?:result|error)":)/)
  return texts.map((slot) => ({ raw: slot, text: slot }))
}

export async function startTwins({ redis, server, token, prefix, globPrefix }: TwinsOptions): Promise<Twins> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const direct = await openDirect(redis.port, 0)
  const behind = await openDirect(redis.port, 1)
  const counts = { answers: 0, results: 0, refused: 0 }
  await direct.send(knownScripts.map((script) => [...line('SCRIPT LOAD'), Buffer.from(script)]))
  const library =
    "#!lua name=twin\nredis.register_function{function_name='TWIN', callback=function(keys, args) return {keys[1] and redis.call('TYPE', keys[1]), args} end, flags={'no-writes'}}"
  await direct.send([[...line('FUNCTION LOAD REPLACE'), Buffer.from(library)]])

  const withTypes = async (tree: Tree): Promise<Tree> => {
    const [cursor = nothing, keys = nothing] = tree.kind === 'array' ? tree.items : []
    if (keys.kind !== 'array') return tree
    const items: Tree[] = []
    for (const key of keys.items) {
      const [type = nothing] = await direct.send([
        [Buffer.from('TYPE'), key.kind === 'bulk' ? key.bytes : Buffer.alloc(0)],
      ])
      items.push(key, type)
    }
    return { kind: 'array', items: [cursor, { kind: 'array', items }] }
  }
  const isOk = (command: TwinCommand): boolean => nameOf(command) === 'CLIENT' && command.length === 4
  const toWords = (command: TwinCommand): Buffer[] =>
    isOk(command) ? line('PING') : toDirect(command, prefix, globPrefix)

  const expectSame = (
    command: TwinCommand,
    slot: { raw: string; text: string } | undefined,
    tree: Tree,
    format: Format,
  ): void => {
    counts.answers += 1
    if (tree.kind !== 'error') counts.results += 1
    const jsonFormat = format === 'base64' ? 'base64' : 'text'
    expect(toComparable(command, slot?.text ?? '')).toBe(toComparable(command, toSlot(tree, jsonFormat)))
    const isExact = toComparable(command, toSlot(tree, jsonFormat)) === toSlot(tree, jsonFormat)
    if (format === 'resp2' && isExact) expect(slot?.raw).toBe(writeTree(tree).toString('latin1'))
  }

  /** Whether the answer is a refusal that is right; a wrong one is compared with what Redis answers. */
  const isRightRefusal = (command: TwinCommand, text: string): boolean => {
    if (text.startsWith('{"error":"NOPERM this token'))
      return isUnconfined(command) || (prefix !== '' && isRefused(command))
    return text.includes(' is not available here: ') && isRefused(command)
  }

  const playOne = async (
    command: TwinCommand,
    slot: { raw: string; text: string } | undefined,
    format: Format,
  ): Promise<number> => {
    const text = slot?.text ?? ''
    if (isRightRefusal(command, text)) {
      counts.refused += 1
      return 400
    }
    if (isOk(command)) {
      expect(text).toBe('{"result":"OK"}')
      return 200
    }
    const [reply = nothing] = await direct.send([toWords(command)])
    const typed = wantsTypes(command) ? await withTypes(reply) : reply
    if (prefix !== '' && text.startsWith('{"error":"NOPERM this token')) {
      // Refused before Redis could say what is wrong with it.
      expect([text, reply.kind]).toEqual([text, 'error'])
      counts.refused += 1
      return 400
    }
    const tree = toRest(command, typed, prefix)
    expectSame(command, slot, tree, format)
    return tree.kind === 'error' ? 400 : 200
  }

  const playTransaction = async (step: Step, status: number, body: Buffer): Promise<void> => {
    const text = body.toString()
    const isRefusal = step.commands.some((command) => isRightRefusal(command, text)) || isRefusedToScripts(step, text)
    if (isRefusal || (prefix !== '' && text.startsWith('{"error":"NOPERM this token'))) {
      counts.refused += 1
      expect(status).toBe(400)
      return
    }
    const words = step.commands.map(toWords)
    const replies = await direct.send([line('MULTI'), ...words, line('EXEC')])
    const exec = replies.at(-1) ?? nothing
    if (exec.kind !== 'array') {
      const reason = replies.find(({ kind }) => kind === 'error')
      const message = reason?.kind === 'error' ? reason.bytes.toString() : ''
      const expected = JSON.stringify({ error: `EXECABORT Transaction discarded because of: ${message}` })
      expect([status, text]).toEqual([400, expected])
      return
    }
    const format = step.format === 'resp2' ? 'text' : step.format
    const slots = toSlots(body, format, true)
    expect([status, slots.length]).toEqual([200, step.commands.length])
    for (const [index, command] of step.commands.entries()) {
      if (isOk(command)) expect(slots[index]?.text).toBe('{"result":"OK"}')
      else expectSame(command, slots[index], toRest(command, exec.items[index] ?? nothing, prefix), format)
    }
  }

  const play = async (step: Step): Promise<void> => {
    const isBatch = step.form === 'pipeline' || step.form === 'transaction'
    if (step.form === 'transaction' && step.commands.some(wantsTypes)) return
    const { status, body } = await sendStep(server, token, agent, step)
    if (step.form === 'transaction') return playTransaction(step, status, body)
    const slots = toSlots(body, step.format, isBatch)
    expect(slots.length).toBe(step.commands.length)
    let expected = 200
    for (const [index, command] of step.commands.entries()) {
      expected = await playOne(command, slots[index], step.format)
    }
    expect(status).toBe(isBatch ? 200 : expected)
  }

  return {
    counts,
    clear: async () => {
      await Promise.all([direct.send([line('FLUSHDB')]), behind.send([line('FLUSHDB')])])
    },
    play,
    compare: async () => {
      expect(await readState(behind)).toEqual(await readState(direct))
    },
    close: () => {
      agent.destroy()
      direct.close()
      behind.close()
    },
  }
}
