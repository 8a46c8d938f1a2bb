import { describe, expect, it } from 'vitest'
import type { Reply } from '../engine/reply.ts'
import { readCommandTable } from './command-table.ts'
import { findKeys } from './find-keys.ts'

const text = (value: string): Buffer => Buffer.from(value)
const fields = (...pairs: [string, Reply][]): Reply => pairs.flatMap(([name, value]) => [text(name), value])
const entry = (name: string, flags: string[], range: [number, number, number], specs?: Reply, subs?: Reply): Reply => [
  text(name),
  '0',
  flags.map(text),
  ...range.map(String),
  [],
  ...(specs === undefined ? [] : [[], specs, subs ?? []]),
]

/** As Redis 6.2 answers COMMAND: without key specs. */
const old = readCommandTable([
  entry('get', ['readonly'], [1, 1, 1]),
  entry('mset', ['write'], [1, -1, 2]),
  entry('eval', ['movablekeys'], [0, 0, 0]),
  entry('xread', ['readonly', 'movablekeys'], [1, 1, 1]),
  entry('object', ['readonly'], [2, 2, 1]),
  entry('sort', ['write', 'movablekeys'], [1, 1, 1]),
  entry('ping', [], [0, 0, 0]),
  entry('geoadd', ['write'], [1, 1, 1]),
  entry('georadius', ['write', 'movablekeys'], [1, 1, 1]),
  entry('zunionstore', ['write', 'movablekeys'], [1, 1, 1]),
])

const keyword = fields(
  ['flags', [text('RO')]],
  [
    'begin_search',
    fields(['type', text('keyword')], ['spec', fields(['keyword', text('STREAMS')], ['startfrom', '1'])]),
  ],
  ['find_keys', fields(['type', text('range')], ['spec', fields(['lastkey', '-1'], ['keystep', '1'], ['limit', '2'])])],
)
const unknown = fields(
  ['flags', [text('RW'), text('incomplete')]],
  ['begin_search', fields(['type', text('unknown')], ['spec', []])],
  ['find_keys', fields(['type', text('unknown')], ['spec', []])],
)
const second = fields(
  ['flags', [text('RO')]],
  ['begin_search', fields(['type', text('index')], ['spec', fields(['index', '2'])])],
  ['find_keys', fields(['type', text('range')], ['spec', fields(['lastkey', '0'], ['keystep', '1'], ['limit', '0'])])],
)

const pairs = fields(
  ['flags', [text('OW')]],
  ['begin_search', fields(['type', text('index')], ['spec', fields(['index', '1'])])],
  [
    'find_keys',
    fields(['type', text('keynum')], ['spec', fields(['keynumidx', '0'], ['firstkey', '1'], ['keystep', '2'])]),
  ],
)

/** As Redis 7 does. */
const recent = readCommandTable([
  entry('xread', ['readonly', 'movablekeys'], [0, 0, 0], [keyword]),
  entry('xlater', ['readonly', 'movablekeys'], [0, 0, 0], [keyword]),
  entry('msetex', ['write', 'movablekeys'], [0, 0, 0], [pairs]),
  entry('migrate', ['write'], [3, 3, 1], [second, unknown]),
  entry('object', [], [0, 0, 0], [], [entry('object|encoding', ['readonly'], [2, 2, 1], [second])]),
])

describe('findKeys()', () => {
  const cases: [string, typeof old, number[] | undefined][] = [
    ['get k', old, [0]],
    ['MSET a 1 b 2', old, [0, 2]],
    ['eval s 2 a b c', old, [2, 3]],
    ['eval s 0 c', old, []],
    ['eval s 02 a b', old, undefined],
    ['eval s 9 a', old, undefined],
    ['eval s', old, undefined],
    ['zunionstore to 2 a b WEIGHTS 1 2', old, [0, 2, 3]],
    ['object encoding k', old, [1]],
    ['xread STREAMS a 0', old, [1]],
    ['xread COUNT 2 BLOCK 0 streams a b 0 $', old, [5, 6]],
    ['xreadgroup GROUP STREAMS c NOACK STREAMS a >', old, [5]],
    ['xread STREAMS a', old, undefined],
    ['xread STREAMS', old, undefined],
    ['xread COUNT STREAMS a 0', old, undefined],
    ['xread NOPE STREAMS a 0', old, undefined],
    ['xread COUNT', old, undefined],
    ['sort k limit 0 1', old, [0]],
    ['sort k get #', old, undefined],
    ['sort k get\0 #', old, undefined],
    ['sort k STORE\0x to', old, undefined],
    ['xread streams\0 a 0', old, [1]],
    ['georadius k 0 0 1 m', old, undefined],
    ['ping', old, []],
    ['nope k', old, undefined],
    ['xread COUNT 1 streams a b 0 0', recent, [3, 4]],
    ['xread COUNT 1', recent, undefined],
    ['xlater OPTION streams a b c 0 0 0', recent, [2, 3, 4]],
    ['xlater OPTION', recent, []],
    ['migrate host k', recent, undefined],
    ['msetex 2 a 1 b 2 EX 9', recent, [1, 3]],
    ['msetex 3 a 1 b 2', recent, undefined],
    ['object ENCODING k', recent, [1]],
    ['object help', recent, []],
  ]
  it.each(cases)('findKeys() of %s', (line, table, expected) => {
    const [name = '', ...args] = line.split(' ')
    expect(findKeys(table, { name, args })).toEqual(expected)
  })
})
