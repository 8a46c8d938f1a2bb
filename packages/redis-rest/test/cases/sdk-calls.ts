import type { Redis } from '@upstash/redis'

/** One call of the SDK and what it must give. The names of the methods that it is about are read from `name`. */
export interface SdkCall {
  /** Methods of the client, then what is special: `zrange: by score`. */
  readonly name: string
  readonly run: (redis: Redis) => Promise<unknown>
  readonly expected: unknown
  /** The first Redis that has it, 6.2 by default; Valkey has what Redis 7.2 has. */
  readonly since?: readonly [major: number, minor: number]
  /** The first Valkey that has what came to Redis after 7.2. */
  readonly sinceValkey?: readonly [major: number, minor: number]
}

/** Runs the steps in turn and gives what the last one gave. */
const last = async (...steps: (() => Promise<unknown>)[]): Promise<unknown> => {
  let result: unknown
  for (const step of steps) result = await step()
  return result
}
/** Runs the steps in turn and gives what each gave. */
const each = async (...steps: (() => Promise<unknown>)[]): Promise<unknown[]> => {
  const results: unknown[] = []
  for (const step of steps) results.push(await step())
  return results
}
const sorted = async (list: Promise<unknown>): Promise<unknown> => [...((await list) as unknown[])].sort()

const strings: readonly SdkCall[] = [
  {
    name: 'append strlen getrange setrange',
    expected: [3, 6, 6, 'bcX', 6],
    run: (r) =>
      each(
        () => r.append('k', 'abc'),
        () => r.append('k', 'def'),
        () => r.setrange('k', 3, 'X'),
        () => r.getrange('k', 1, 3),
        () => r.strlen('k'),
      ),
  },
  {
    name: 'incr incrby incrbyfloat decr decrby',
    expected: [1, 11, 11.5],
    run: (r) =>
      each(
        () => r.incr('k'),
        () => r.incrby('k', 10),
        () => r.incrbyfloat('k', 0.5),
      ),
  },
  {
    name: 'decr decrby',
    expected: [-1, -11],
    run: (r) =>
      each(
        () => r.decr('k'),
        () => r.decrby('k', 10),
      ),
  },
  {
    name: 'set get getset getdel',
    expected: ['OK', 1, 'two', null],
    run: (r) =>
      each(
        () => r.set('k', 1),
        () => r.getset('k', 'two'),
        () => r.getdel('k'),
        () => r.get('k'),
      ),
  },
  {
    name: 'getex: ttl and persist',
    expected: ['v', true, 'v', -1],
    run: async (r) => {
      await r.set('k', 'v')
      return each(
        () => r.getex('k', { ex: 100 }),
        async () => (await r.ttl('k')) > 90,
        () => r.getex('k', { persist: true }),
        () => r.ttl('k'),
      )
    },
  },
  {
    name: 'setex psetex setnx',
    expected: ['OK', 'OK', 0, 1],
    run: (r) =>
      each(
        () => r.setex('k', 100, 'v'),
        () => r.psetex('p', 100_000, 'v'),
        () => r.setnx('k', 'w'),
        () => r.setnx('n', 'w'),
      ),
  },
  {
    name: 'set: every option',
    expected: ['OK', null, 'v', 'w', 'OK', 'OK'],
    run: (r) =>
      each(
        () => r.set('k', 'v', { nx: true, px: 100_000 }),
        () => r.set('none', 'v', { xx: true }),
        () => r.set('k', 'w', { get: true, keepTtl: true }),
        () => r.set('k', 'x', { get: true, exat: 4_102_444_800 }),
        () => r.set('k', 'y', { pxat: 4_102_444_800_000 }),
        () => r.set('k', 'z', { keepTtl: true }),
      ),
  },
  {
    name: 'mset mget msetnx',
    expected: ['OK', [1, { b: 2 }, null], 0, 1],
    run: (r) =>
      each(
        () => r.mset({ a: 1, b: { b: 2 } }),
        () => r.mget('a', 'b', 'c'),
        () => r.msetnx({ a: 1, z: 1 }),
        () => r.msetnx({ y: 1, z: 1 }),
      ),
  },
  {
    name: 'setbit getbit bitcount bitpos bitop',
    expected: [0, 1, 1, 7, 1, 0],
    run: (r) =>
      each(
        () => r.setbit('b', 7, 1),
        () => r.getbit('b', 7),
        () => r.bitcount('b', 0, -1),
        () => r.bitpos('b', 1),
        () => r.bitop('not', 'n', 'b'),
        () => r.getbit('n', 7),
      ),
  },
  {
    name: 'bitfield',
    expected: [0, 100, 255],
    run: (r) => r.bitfield('b').set('u8', 0, 100).get('u8', 0).overflow('SAT').incrby('u8', 0, 200).exec(),
  },
]

const keys: readonly SdkCall[] = [
  {
    name: 'exists touch type unlink del',
    expected: [1, 1, 'string', 1, 0],
    run: async (r) => {
      await r.set('k', 1)
      return each(
        () => r.exists('k', 'none'),
        () => r.touch('k'),
        () => r.type('k'),
        () => r.unlink('k'),
        () => r.del('k'),
      )
    },
  },
  {
    name: 'expire expireat pexpire pexpireat persist ttl pttl',
    expected: [1, 1, 1, 1, true, true, 1, -1],
    run: async (r) => {
      await r.set('k', 1)
      return each(
        () => r.expire('k', 100),
        () => r.expireat('k', 4_102_444_800),
        () => r.pexpire('k', 100_000),
        () => r.pexpireat('k', 4_102_444_800_000),
        async () => (await r.ttl('k')) > 0,
        async () => (await r.pttl('k')) > 0,
        () => r.persist('k'),
        () => r.ttl('k'),
      )
    },
  },
  {
    name: 'expire: options',
    since: [7, 0],
    expected: [0, 1, 0],
    run: async (r) => {
      await r.set('k', 1)
      return each(
        () => r.expire('k', 100, 'XX'),
        () => r.expire('k', 100, 'NX'),
        () => r.expire('k', 50, 'GT'),
      )
    },
  },
  {
    name: 'copy rename renamenx',
    expected: ['COPIED', 'NOT_COPIED', 'OK', 0],
    run: async (r) => {
      await r.set('k', 1)
      return each(
        () => r.copy('k', 'l'),
        () => r.copy('k', 'l'),
        () => r.rename('k', 'm'),
        () => r.renamenx('m', 'l'),
      )
    },
  },
  {
    name: 'keys dbsize randomkey',
    expected: [['k'], 1, 'k'],
    run: async (r) => {
      await r.set('k', 1)
      return each(
        () => r.keys('*'),
        () => r.dbsize(),
        () => r.randomkey(),
      )
    },
  },
  {
    name: 'scan: every option',
    expected: ['0', ['hash:1']],
    run: async (r) => {
      await r.mset({ 'hash:0': 1 })
      await r.hset('hash:1', { a: 1 })
      return r.scan(0, { match: 'hash:*', count: 1_000, type: 'hash' })
    },
  },
  {
    name: 'flushdb flushall',
    expected: ['OK', 'OK', 'OK', 'OK'],
    run: (r) =>
      each(
        () => r.flushdb(),
        () => r.flushdb({ async: true }),
        () => r.flushall(),
        () => r.flushall([{ async: true }]),
      ),
  },
  {
    name: 'ping echo time',
    expected: ['PONG', 'hello', 'hi', 2],
    run: (r) =>
      each(
        () => r.ping(),
        () => r.ping(['hello']),
        () => r.echo('hi'),
        async () => (await r.time()).length,
      ),
  },
  {
    name: 'exec',
    expected: ['OK', 1],
    run: (r) =>
      each(
        () => r.exec(['SET', 'k', 'v']),
        () => r.exec(['STRLEN', 'k']),
      ),
  },
  { name: 'clientSetinfo', expected: 'OK', run: (r) => r.clientSetinfo('LIB-NAME', 'mine') },
]

const hashes: readonly SdkCall[] = [
  {
    name: 'hset hget hgetall hmget hmset',
    expected: [2, 1, { a: 1, b: 'x' }, { a: 1, none: null }, 'OK'],
    run: (r) =>
      each(
        () => r.hset('h', { a: 1, b: 'x' }),
        () => r.hget('h', 'a'),
        () => r.hgetall('h'),
        () => r.hmget('h', 'a', 'none'),
        () => r.hmset('h', { c: 1 }),
      ),
  },
  {
    name: 'hdel hexists hlen hkeys hvals hstrlen',
    expected: [1, 2, ['a', 'b'], [1, 'xy'], 2, 1, 0],
    run: async (r) => {
      await r.hset('h', { a: 1, b: 'xy' })
      return each(
        () => r.hexists('h', 'a'),
        () => r.hlen('h'),
        () => r.hkeys('h'),
        () => r.hvals('h'),
        () => r.hstrlen('h', 'b'),
        () => r.hdel('h', 'a', 'none'),
        () => r.hexists('h', 'a'),
      )
    },
  },
  {
    name: 'hincrby hincrbyfloat hsetnx',
    expected: [2, 2.5, 0, 1],
    run: (r) =>
      each(
        () => r.hincrby('h', 'n', 2),
        () => r.hincrbyfloat('h', 'n', 0.5),
        () => r.hsetnx('h', 'n', 1),
        () => r.hsetnx('h', 'm', 1),
      ),
  },
  {
    name: 'hrandfield: alone, several, with values',
    expected: ['a', ['a'], { a: 1 }],
    run: async (r) => {
      await r.hset('h', { a: 1 })
      return each(
        () => r.hrandfield('h'),
        () => r.hrandfield('h', 2),
        () => r.hrandfield('h', 1, true),
      )
    },
  },
  {
    name: 'hscan',
    expected: ['0', ['a', 1]],
    run: async (r) => {
      await r.hset('h', { a: 1, b: 2 })
      return r.hscan('h', 0, { match: 'a', count: 10 })
    },
  },
  {
    name: 'hexpire hexpireat hpexpire hpexpireat hpersist httl hpttl hexpiretime hpexpiretime',
    since: [7, 4],
    sinceValkey: [9, 1],
    expected: [[1], [1], [1], [1], [4_102_444_800], [4_102_444_800_000], true, true, [1]],
    run: async (r) => {
      await r.hset('h', { a: 1 })
      return each(
        () => r.hexpire('h', 'a', 100),
        () => r.hpexpire('h', 'a', 100_000),
        () => r.hexpireat('h', 'a', 4_102_444_800),
        () => r.hpexpireat('h', 'a', 4_102_444_800_000),
        () => r.hexpiretime('h', 'a'),
        () => r.hpexpiretime('h', 'a'),
        async () => Number((await r.httl('h', 'a'))[0]) > 0,
        async () => Number((await r.hpttl('h', 'a'))[0]) > 0,
        () => r.hpersist('h', 'a'),
      )
    },
  },
  {
    name: 'hsetex hgetex hgetdel',
    since: [8, 0],
    sinceValkey: [9, 1],
    expected: [1, { a: 1 }, { a: 1 }, 0],
    run: (r) =>
      each(
        () => r.hsetex('h', { expiration: { ex: 100 } }, { a: 1 }),
        () => r.hgetex('h', { ex: 50 }, 'a'),
        () => r.hgetdel('h', 'a'),
        () => r.exists('h'),
      ),
  },
]

const lists: readonly SdkCall[] = [
  {
    name: 'lpush rpush lpushx rpushx llen lrange lindex',
    expected: [1, 2, 3, 0, 3, ['x', 'a', { b: 1 }], 'x'],
    run: (r) =>
      each(
        () => r.lpush('l', 'a'),
        () => r.rpush('l', { b: 1 }),
        () => r.lpushx('l', 'x'),
        () => r.rpushx('none', 'x'),
        () => r.llen('l'),
        () => r.lrange('l', 0, -1),
        () => r.lindex('l', 0),
      ),
  },
  {
    name: 'linsert lset lrem ltrim lpos',
    expected: [4, 'OK', 1, 2, [1, 2], 'OK'],
    run: async (r) => {
      await r.rpush('l', 'a', 'b', 'c')
      return each(
        () => r.linsert('l', 'before', 'c', 'b'),
        () => r.lset('l', 0, 'z'),
        () => r.lpos('l', 'b'),
        () => r.lpos('l', 'b', { rank: -1 }),
        () => r.lpos('l', 'b', { count: 5 }),
        () => r.ltrim('l', 1, 1),
      )
    },
  },
  {
    name: 'lrem',
    expected: [2, ['b']],
    run: async (r) => {
      await r.rpush('l', 'a', 'b', 'a')
      return each(
        () => r.lrem('l', 0, 'a'),
        () => r.lrange('l', 0, -1),
      )
    },
  },
  {
    name: 'lpop rpop lmove',
    expected: ['a', ['d', 'c'], 'b', null],
    run: async (r) => {
      await r.rpush('l', 'a', 'b', 'c', 'd')
      return each(
        () => r.lpop('l'),
        () => r.rpop('l', 2),
        () => r.lmove('l', 'm', 'left', 'right'),
        () => r.lpop('l'),
      )
    },
  },
  {
    name: 'lmpop',
    since: [7, 0],
    expected: ['l', ['a', 'b']],
    run: async (r) => {
      await r.rpush('l', 'a', 'b', 'c')
      return r.lmpop(2, ['none', 'l'], 'LEFT', 2)
    },
  },
]

const sets: readonly SdkCall[] = [
  {
    name: 'sadd scard sismember smismember smembers srem',
    expected: [2, 2, 1, [1, 0], ['a', 'b'], 1],
    run: (r) =>
      each(
        () => r.sadd('s', 'a', 'b'),
        () => r.scard('s'),
        () => r.sismember('s', 'a'),
        () => r.smismember('s', ['a', 'x']),
        () => sorted(r.smembers('s')),
        () => r.srem('s', 'a'),
      ),
  },
  {
    name: 'sdiff sdiffstore sinter sinterstore sunion sunionstore',
    expected: [['a'], 1, ['b'], 1, ['a', 'b', 'c'], 3],
    run: async (r) => {
      await r.sadd('s', 'a', 'b')
      await r.sadd('t', 'b', 'c')
      return each(
        () => r.sdiff('s', 't'),
        () => r.sdiffstore('d', 's', 't'),
        () => r.sinter('s', 't'),
        () => r.sinterstore('d', 's', 't'),
        () => sorted(r.sunion('s', 't')),
        () => r.sunionstore('d', 's', 't'),
      )
    },
  },
  {
    name: 'sintercard',
    since: [7, 0],
    expected: [2, 1],
    run: async (r) => {
      await r.sadd('s', 'a', 'b')
      await r.sadd('t', 'a', 'b')
      return each(
        () => r.sintercard(['s', 't']),
        () => r.sintercard(['s', 't'], { limit: 1 }),
      )
    },
  },
  {
    name: 'smove spop srandmember sscan',
    expected: [1, ['0', ['a']], 'a', ['a'], 'a'],
    run: async (r) => {
      await r.sadd('s', 'a')
      return each(
        () => r.smove('s', 't', 'a'),
        () => r.sscan('t', 0, { match: '*' }),
        () => r.srandmember('t'),
        () => r.srandmember('t', 2),
        () => r.spop('t'),
      )
    },
  },
]

const zs = (r: Redis) => r.zadd('z', { score: 1, member: 'a' }, { score: 2, member: 'b' }, { score: 3.5, member: 'c' })
const sortedSets: readonly SdkCall[] = [
  {
    name: 'zadd: options',
    expected: [1, 0, 1, 3],
    run: (r) =>
      each(
        () => r.zadd('z', { score: 1, member: 'a' }),
        () => r.zadd('z', { nx: true }, { score: 2, member: 'a' }),
        () => r.zadd('z', { xx: true, ch: true, gt: true }, { score: 2, member: 'a' }),
        () => r.zadd('z', { incr: true }, { score: 1, member: 'a' }),
      ),
  },
  {
    name: 'zcard zcount zscore zmscore zincrby zrank zrevrank zrem',
    expected: [3, 2, 3.5, [1, null], 11, 2, 0, 1],
    run: (r) =>
      last(
        () => zs(r),
        () =>
          each(
            () => r.zcard('z'),
            () => r.zcount('z', 2, '+inf'),
            () => r.zscore('z', 'c'),
            () => r.zmscore('z', ['a', 'x']),
            () => r.zincrby('z', 10, 'a'),
            () => r.zrank('z', 'a'),
            () => r.zrevrank('z', 'a'),
            () => r.zrem('z', 'a', 'x'),
          ),
      ),
  },
  {
    name: 'zrange: index, by score, by lex, reversed, limited, with scores',
    expected: [['a', 'b', 'c'], ['b', 2, 'c', 3.5], ['c', 'b'], ['a', 'b'], ['b']],
    run: (r) =>
      last(
        () => zs(r),
        () =>
          each(
            () => r.zrange('z', 0, -1),
            () => r.zrange('z', 2, '+inf', { byScore: true, withScores: true }),
            () => r.zrange('z', '+inf', 2, { byScore: true, rev: true }),
            () => r.zrange('z', '-', '(c', { byLex: true }),
            () => r.zrange('z', '-inf', '+inf', { byScore: true, offset: 1, count: 1 }),
          ),
      ),
  },
  {
    name: 'zpopmin zpopmax zscan',
    expected: [
      ['a', 1],
      ['c', 3.5],
      ['0', ['b', 2]],
    ],
    run: (r) =>
      last(
        () => zs(r),
        () =>
          each(
            () => r.zpopmin('z'),
            () => r.zpopmax('z', 1),
            () => r.zscan('z', 0, { count: 5 }),
          ),
      ),
  },
  {
    name: 'zremrangebylex zremrangebyrank zremrangebyscore zlexcount',
    expected: [3, 1, 1, 1],
    run: (r) =>
      last(
        () => zs(r),
        () =>
          each(
            () => r.zlexcount('z', '-', '+'),
            () => r.zremrangebyscore('z', 1, 1),
            () => r.zremrangebyrank('z', 0, 0),
            () => r.zremrangebylex('z', '[c', '[c'),
          ),
      ),
  },
  {
    name: 'zunion zunionstore zinterstore zdiffstore',
    expected: [['a', 2, 'b', 4, 'c', 7], 3, 3, 0],
    run: (r) =>
      last(
        () => zs(r),
        () =>
          each(
            () => r.zunion(2, ['z', 'z'], { withScores: true }),
            () => r.zunionstore('d', 2, ['z', 'z'], { weights: [1, 2], aggregate: 'max' }),
            () => r.zinterstore('d', 2, ['z', 'z'], { aggregate: 'min' }),
            () => r.zdiffstore('d', 2, 'z', 'z'),
          ),
      ),
  },
]

const xs = (r: Redis) =>
  last(
    () => r.xadd('x', '1-0', { f: 'v' }),
    () => r.xadd('x', '2-0', { g: { a: 1 } }),
  )
const streams: readonly SdkCall[] = [
  {
    name: 'xadd xlen xrange xrevrange xdel',
    expected: [2, { '1-0': { f: 'v' } }, { '2-0': { g: { a: 1 } } }, 1],
    run: (r) =>
      last(
        () => xs(r),
        () =>
          each(
            () => r.xlen('x'),
            () => r.xrange('x', '-', '+', 1),
            () => r.xrevrange('x', '+', '-', 1),
            () => r.xdel('x', '1-0'),
          ),
      ),
  },
  {
    name: 'xadd: trim and no stream',
    expected: [null, '3-0', 1],
    run: (r) =>
      last(
        () => xs(r),
        () =>
          each(
            () => r.xadd('none', '*', { a: 1 }, { nomkStream: true }),
            () => r.xadd('x', '3-0', { a: 1 }, { trim: { type: 'MAXLEN', comparison: '=', threshold: 1 } }),
            () => r.xlen('x'),
          ),
      ),
  },
  {
    name: 'xread',
    expected: [['x', [['2-0', ['g', '{"a":1}']]]]],
    run: async (r) =>
      last(
        () => xs(r),
        async () =>
          JSON.parse(JSON.stringify(await r.xread('x', '1-0')), (_, value) =>
            value !== null && typeof value === 'object' && !Array.isArray(value) ? JSON.stringify(value) : value,
          ),
      ),
  },
  {
    name: 'xgroup xreadgroup xpending xack xinfo',
    expected: ['OK', 1, 2, 1],
    run: (r) =>
      last(
        () => xs(r),
        () =>
          each(
            () => r.xgroup('x', { type: 'CREATE', group: 'g', id: '0' }),
            async () => ((await r.xreadgroup('g', 'me', 'x', '>', { count: 2 })) as unknown[]).length,
            async () => ((await r.xpending('x', 'g', '-', '+', 10)) as unknown[]).length,
            () => r.xack('x', 'g', '1-0'),
          ),
      ),
  },
  {
    name: 'xclaim xautoclaim',
    expected: [2, '0-0'],
    run: (r) =>
      last(
        () => xs(r),
        () => r.xgroup('x', { type: 'CREATE', group: 'g', id: '0' }),
        () => r.xreadgroup('g', 'me', 'x', '>'),
        () =>
          each(
            async () => ((await r.xclaim('x', 'g', 'you', 0, ['1-0', '2-0'])) as unknown[]).length,
            async () => ((await r.xautoclaim('x', 'g', 'me', 0, '0-0')) as unknown[])[0],
          ),
      ),
  },
  {
    name: 'xinfo',
    expected: [1, 'g'],
    run: (r) =>
      last(
        () => xs(r),
        () => r.xgroup('x', { type: 'CREATE', group: 'g', id: '0' }),
        async () => {
          const groups = (await r.xinfo('x', { type: 'GROUPS' })) as unknown[][]
          return [groups.length, groups[0]?.[1]]
        },
      ),
  },
  {
    name: 'xtrim',
    expected: 1,
    run: (r) =>
      last(
        () => xs(r),
        () => r.xtrim('x', { strategy: 'MAXLEN', exactness: '=', threshold: 1 }),
      ),
  },
  {
    name: 'xdelex xackdel',
    since: [8, 2],
    expected: [[1], [-1]],
    run: (r) =>
      last(
        () => xs(r),
        () => r.xgroup('x', { type: 'CREATE', group: 'g', id: '0' }),
        () =>
          each(
            () => r.xdelex('x', undefined, '1-0'),
            () => r.xackdel('x', 'g', 'KEEPREF', '9-0'),
          ),
      ),
  },
]

const others: readonly SdkCall[] = [
  {
    name: 'geoadd geodist geopos geohash',
    expected: [2, true, 1, ['sqc8b49rny0']],
    run: (r) =>
      each(
        () =>
          r.geoadd(
            'g',
            { longitude: 13.361389, latitude: 38.115556, member: 'p' },
            { longitude: 15.087269, latitude: 37.502669, member: 'c' },
          ),
        async () => Number(await r.geodist('g', 'p', 'c', 'KM')) > 166,
        async () => ((await r.geopos('g', 'p')) as unknown[]).length,
        () => r.geohash('g', 'p'),
      ),
  },
  {
    name: 'geosearch geosearchstore',
    expected: [[{ member: 'p' }], 1],
    run: (r) =>
      last(
        () => r.geoadd('g', { longitude: 13.361389, latitude: 38.115556, member: 'p' }),
        () =>
          each(
            () =>
              r.geosearch(
                'g',
                { type: 'FROMLONLAT', coordinate: { lon: 13, lat: 38 } },
                { type: 'BYRADIUS', radius: 100, radiusType: 'KM' },
                'ASC',
              ),
            () =>
              r.geosearchstore(
                'd',
                'g',
                { type: 'FROMMEMBER', member: 'p' },
                { type: 'BYRADIUS', radius: 1, radiusType: 'KM' },
                'ASC',
              ),
          ),
      ),
  },
  {
    name: 'pfadd pfcount pfmerge',
    expected: [1, 2, 'OK'],
    run: (r) =>
      each(
        () => r.pfadd('p', 'a', 'b'),
        () => r.pfcount('p'),
        () => r.pfmerge('q', 'p'),
      ),
  },
  {
    name: 'eval evalsha scriptLoad scriptExists scriptFlush',
    expected: [['k', 1], 'k', [1], 'OK', [0]],
    run: async (r) => {
      const sha = await r.scriptLoad('return KEYS[1]')
      return each(
        () => r.eval('return {KEYS[1], tonumber(ARGV[1])}', ['k'], [1]),
        () => r.evalsha(sha, ['k'], []),
        () => r.scriptExists(sha),
        () => r.scriptFlush({ sync: true }),
        () => r.scriptExists(sha),
      )
    },
  },
  {
    name: 'evalRo evalshaRo',
    since: [7, 0],
    expected: ['k', 'k'],
    run: async (r) => {
      const sha = await r.scriptLoad('return KEYS[1]')
      return each(
        () => r.evalRo('return KEYS[1]', ['k'], []),
        () => r.evalshaRo(sha, ['k'], []),
      )
    },
  },
  {
    name: 'createScript',
    expected: ['k', 'k'],
    run: (r) =>
      each(
        () => r.createScript('return KEYS[1]').exec(['k'], []),
        () => r.createScript('return KEYS[1]').eval(['k'], []),
      ),
  },
  {
    name: 'createScript: read only',
    since: [7, 0],
    expected: 'k',
    run: (r) => r.createScript('return KEYS[1]', { readonly: true }).exec(['k'], []),
  },
  {
    name: 'functions',
    since: [7, 0],
    expected: ['lib', 'x', ['lib'], 'OK'],
    run: async (r) => {
      await r.functions.flush()
      return each(
        () =>
          r.functions.load({
            code: "#!lua name=lib\nredis.register_function{function_name='f', callback=function(keys, args) return args[1] end, flags={'no-writes'}}",
            replace: true,
          }),
        () => r.functions.callRo('f', [], ['x']),
        async () => (await r.functions.list()).map(({ libraryName }) => libraryName),
        () => r.functions.delete('lib'),
      )
    },
  },
  { name: 'publish', expected: 0, run: (r) => r.publish('c', { a: 1 }) },
  {
    name: 'pipeline multi',
    expected: [
      ['OK', 2],
      ['OK', 2],
    ],
    run: (r) =>
      each(
        () => r.pipeline().set('k', 1).incr('k').exec(),
        () => r.multi().set('k', 1).incr('k').exec(),
      ),
  },
]

export const sdkCalls: readonly SdkCall[] = [
  ...strings,
  ...keys,
  ...hashes,
  ...lists,
  ...sets,
  ...sortedSets,
  ...streams,
  ...others,
]

/** Of Upstash alone: an engine without it must say so, and the client goes on. */
export const upstashOnly: readonly (readonly [string, (redis: Redis) => Promise<unknown>])[] = [
  ['json.set', (r) => r.json.set('k', '$', { a: 1 })],
  ['json.get', (r) => r.json.get('k')],
  ['json.del', (r) => r.json.del('k')],
  ['json.arrappend', (r) => r.json.arrappend('k', '$', 1)],
  ['json.mget', (r) => r.json.mget(['k'], '$')],
  ['json.numincrby', (r) => r.json.numincrby('k', '$', 1)],
]
