import { createHash } from 'node:crypto'
import fc from 'fast-check'

/** One word of a command. `role` says what a token with a prefix does to it. */
export interface Word {
  readonly bytes: Buffer
  readonly role: 'key' | 'pattern' | 'plain'
}

type Words = readonly Word[]

/** The name first, then the arguments. */
export type TwinCommand = Words

export function toWord(text: string | Uint8Array, role: Word['role'] = 'plain'): Word {
  return { bytes: Buffer.from(text as string), role }
}

const keyKinds = ['str', 'hash', 'list', 'set', 'zset', 'stream', 'geo', 'bits', 'hll'] as const
const oddKeys: readonly (string | Uint8Array)[] = [
  ...['', 'a b/c?d=e&f#g%h', '..', 'clé🦆', 'null', '\r\n', 'WITHTYPE', 'STORE', 'n:0'],
  Uint8Array.from([0, 0xff, 0xfe, 0x80]),
]

/** Mostly keys that hold, if anything, a value of this kind; few of them, so that commands meet. */
function keyOf(kind: (typeof keyKinds)[number]): fc.Arbitrary<Word> {
  const own = fc.constantFrom(`${kind}1`, `${kind}2`, `${kind}3`)
  const other = fc.tuple(fc.constantFrom(...keyKinds), fc.constantFrom('1', '2')).map((parts) => parts.join(''))
  return fc
    .oneof(
      { weight: 14, arbitrary: own },
      { weight: 2, arbitrary: other },
      { weight: 1, arbitrary: fc.constantFrom(...oddKeys) },
    )
    .map((key) => toWord(key, 'key'))
}

const integers = [
  ...['0', '1', '2', '3', '5', '10', '100', '-1', '-2', '-100', '-0'],
  ...['9223372036854775807', '-9223372036854775808', '9223372036854775808', '9007199254740993'],
]
const floats = [
  ...['0.1', '-0.0', '3.0e3', '1e308', '-1e308', '5e-324', '1.7976931348623157e308', '0.30000000000000004', '1e17'],
  ...['inf', '-inf', '+inf', '3.14159265358979323846', '123456789012345678', '.5', '1.'],
]
const oddNumbers = ['nan', '1e400', ' 1', '1 ', '+1', '0x10', '01', '1_000', '1,5', '١', '']
const texts: readonly (string | Uint8Array)[] = [
  ...[
    '',
    'a',
    'b',
    'c',
    'OK',
    'QUEUED',
    'null',
    'true',
    'false',
    '[]',
    '{"a":1}',
    'é中\u2028',
    '🦆',
    '"\\\r\n\t',
    '\u0000',
  ],
  ...['x'.repeat(70), '7'.repeat(200), '*', '-', '+', '$-1\r\n', 'a\u0000b', '(1', '[a', '%25'],
  ...[[0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0, 1, 2, 0xf0, 0x9f]].map((bytes) => Uint8Array.from(bytes)),
]
/** Options and their like where nobody expects them; a NUL ends them for Redis. */
const options = [
  ...[
    'NX',
    'XX',
    'GT',
    'LT',
    'CH',
    'INCR',
    'GET',
    'KEEPTTL',
    'PERSIST',
    'WITHSCORES',
    'WITHVALUES',
    'LIMIT',
    'COUNT',
    'ANY',
  ],
  ...[
    'MATCH',
    'TYPE',
    'BY',
    'STORE',
    'STORE\0',
    'ALPHA',
    'DESC',
    'WEIGHTS',
    'AGGREGATE',
    'STREAMS',
    'BLOCK',
    'block\0x',
    'NOACK',
  ],
  ...[
    'REV',
    'BYLEX',
    'MAXLEN',
    '~',
    '=',
    'REPLACE',
    'DB',
    'WITHTYPE',
    'NOVALUES',
    'ENCODING',
    'JUSTID',
    'GROUP',
    'LEFT',
  ],
]
const ids = [
  '0',
  '1-1',
  '1-2',
  '2',
  '3-*',
  '5-5',
  '0-0',
  '-',
  '+',
  '$',
  '>',
  '(1-1',
  '18446744073709551615',
  'x',
  '9-1',
]
const patterns = ['*', 'str*', '*1', 's?r1', '[hs]*', '\\*', '', 'h[^a]sh*', 'clé*', '*\n', '[a-', '\\']
/** Far away or past: nothing expires while a sequence runs. */
const times = ['100000', '9000000', '0', '-1', '9223372036854775807', '99999999999999999999', '1.5', 'x', '']
const moments = ['1', '9999999999', '9999999999999', '0', '-5', '9223372036854775807']
const scripts = [
  'return ARGV',
  'return {1, "a", false, {ok="fine"}, {err="BAD x"}, 3.9, {{}}, -0.5}',
  'return redis.call("SET", KEYS[1], ARGV[1] or "none")',
  'return redis.call("GET", KEYS[1])',
  'return redis.call("TYPE", KEYS[1])',
  'return redis.call("HGETALL", KEYS[1])',
  'return redis.pcall("INCR", KEYS[1])',
  'return redis.pcall("NOPE")',
  'return {ok="a\\r\\nb"}',
  'return {err="MINE a\\r\\nb"}',
  'return redis.status_reply("OK")',
  'return "OK"',
  'return 9007199254740993',
  'return {"a", nil, "b"}',
  'return tostring(ARGV[1]) .. "\\255\\0"',
  'redis.setresp(3); return redis.call("HGETALL", KEYS[1])',
  'redis.setresp(3); return redis.call("ZRANGE", KEYS[1], 0, -1, "WITHSCORES")',
  'redis.setresp(3); return {redis.call("ZSCORE", KEYS[1], "a"), redis.call("GET", KEYS[1] .. "")}',
  'return {double=3.25}',
  'return {map={a=1}}',
  'return cjson.encode({1, {a=true}})',
  'return error("no " .. (ARGV[1] or ""))',
  '#!lua flags=allow-key-locking\nreturn {KEYS, ARGV}',
  'return nope(',
  '',
]
/** What EVALSHA finds. */
export const knownScripts: readonly string[] = scripts.slice(0, 8)

function sha1(script: string): string {
  return createHash('sha1').update(script).digest('hex')
}

function plain(values: readonly (string | Uint8Array)[]): fc.Arbitrary<Word> {
  return fc.constantFrom(...values).map((value) => toWord(value))
}

/** Whatever a client might send in any place. */
export const junk: fc.Arbitrary<Word> = fc.oneof(
  plain(texts),
  plain(integers),
  plain(floats),
  plain(oddNumbers),
  plain(options),
  fc.uint8Array({ maxLength: 6 }).map((bytes) => toWord(bytes)),
  fc.string({ unit: 'grapheme', maxLength: 6 }).map((text) => toWord(text)),
)

/** The names in forms of commands, and what stands for them. */
export const placeholders: Readonly<Record<string, fc.Arbitrary<Word>>> = {
  ...Object.fromEntries(keyKinds.map((kind) => [kind, keyOf(kind)])),
  key: fc.constantFrom(...keyKinds).chain(keyOf),
  value: fc.oneof(
    { weight: 2, arbitrary: plain(['1', 'a', 'b', '10', '3.0e3', '-0']) },
    { weight: 1, arbitrary: junk },
  ),
  /** A field, a member or an element. */
  part: fc.oneof(
    { weight: 8, arbitrary: plain(['a', 'b', 'c', 'd', '1', '2', '10']) },
    { weight: 1, arbitrary: plain(texts) },
  ),
  int: fc.oneof({ weight: 6, arbitrary: plain(integers) }, { weight: 1, arbitrary: plain(oddNumbers) }),
  small: plain(['0', '1', '2', '3', '7', '-1', '-3']),
  float: fc.oneof(
    { weight: 6, arbitrary: plain([...floats, ...integers]) },
    { weight: 1, arbitrary: plain(oddNumbers) },
  ),
  time: plain(times),
  moment: plain(moments),
  id: plain(ids),
  seq: plain(['1-1', '1-2', '2-*', '3-3', '4-4', '5', '6-0']),
  score: plain(['0', '1', '(1', '-inf', '+inf', '2.5', '(2.5', 'x']),
  lex: plain(['-', '+', '[a', '(b', '[c', 'a']),
  lon: plain(['13.361389', '15.087269', '0', '-180', '2.35', '181']),
  lat: plain(['38.115556', '37.502669', '0', '85.05', '48.85', '-90']),
  radius: plain(['0', '1', '200', '1e5', '-1']),
  bit: plain(['0', '1', '7', '8', '100', '2', '-1']),
  bits_type: plain(['u8', 'i5', 'u63', 'i64', 'u64', 'x']),
  pattern: fc.constantFrom(...patterns).map((pattern) => toWord(pattern, 'pattern')),
  group: plain(['g', 'STREAMS', 'h']),
  script: plain(scripts),
  sha: plain([...knownScripts.map(sha1), sha1(knownScripts[0] ?? '').toUpperCase(), 'f'.repeat(40), 'F']),
}
