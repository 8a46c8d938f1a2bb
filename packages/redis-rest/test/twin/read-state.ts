import { type Direct, type Tree, writeTree } from './direct.ts'

const line = (text: string): Buffer[] => text.split(' ').map((word) => Buffer.from(word))
const nothing: Tree = { kind: 'nil' }

/** Every key of a database as text, byte for byte but for the times of streams' consumers, which no twin shares. */
export async function readState(one: Direct): Promise<Map<string, string>> {
  const [keys = nothing] = await one.send([line('KEYS *')])
  const names =
    keys.kind === 'array' ? keys.items.map((key) => (key.kind === 'bulk' ? key.bytes : Buffer.alloc(0))) : []
  const state = new Map<string, string>()
  for (const key of names.sort(Buffer.compare)) {
    const [type = nothing, dump = nothing] = await one.send([
      [Buffer.from('TYPE'), key],
      [Buffer.from('DUMP'), key],
    ])
    const isStream = writeTree(type).includes('stream')
    const [full = nothing] = isStream
      ? await one.send([[...line('XINFO STREAM'), key, ...line('FULL COUNT 0')]])
      : [dump]
    const text = writeTree(full).toString('latin1')
    state.set(key.toString('latin1'), isStream ? text.replace(/:1\d{12}\r\n/g, ':time\r\n') : text)
  }
  return state
}
