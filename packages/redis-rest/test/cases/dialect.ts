import type { Case } from './case.ts'

const library = `\n#!lua name=lib\nredis.register_function{function_name='f',callback=function() return 'ran' end,flags={'allow-key-locking','no-writes'}}`

/** Where Upstash differs from Redis. */
export const dialect: readonly Case[] = [
  {
    name: 'SCAN WITHTYPE',
    given: [
      ['HSET', 'b', 'f', 1],
      ['SADD', 'x', 1],
    ],
    json: ['SCAN', '0', 'MATCH', '[ab]', 'COUNT', 100, 'withtype'],
    answer: '{"result":["0",["b","hash"]]}',
  },
  { name: 'SCAN with a pattern WITHTYPE', json: ['SCAN', '0', 'MATCH', 'WITHTYPE'], answer: '{"result":["0",[]]}' },
  {
    name: 'SCAN WITHTYPE in a transaction',
    given: [['ZADD', 'z', 1, 'm']],
    path: '/multi-exec',
    json: [['SCAN', '0', 'WITHTYPE']],
    answer: '[{"result":["0",["z","zset"]]}]',
  },
  { name: 'CLIENT SETINFO', json: ['CLIENT', 'SETINFO', 'LIB-NAME', 'x'], answer: '{"result":"OK"}' },
  {
    name: 'COPY onto itself',
    since: [6, 2],
    given: [['SET', 'k', 'v']],
    json: ['COPY', 'k', 'k'],
    answer: '{"result":0}',
  },
  {
    name: 'COPY onto itself in a pipeline and a transaction',
    since: [6, 2],
    given: [['SET', 'k', 'v']],
    path: '/multi-exec',
    json: [
      ['COPY', 'k', 'k'],
      ['COPY', 'k', 'l'],
    ],
    answer: '[{"result":0},{"result":1}]',
  },
  {
    name: 'XTRIM that is nearly exact',
    given: Array.from({ length: 15 }, () => ['XADD', 's', '*', 'f', 'v']),
    json: ['XTRIM', 's', 'MAXLEN', '~', 10],
    answer: '{"result":5}',
  },
  {
    name: 'XTRIM with LIMIT',
    since: [6, 2],
    given: [['XADD', 's', '*', 'f', 'v']],
    json: ['XTRIM', 's', 'MAXLEN', '~', 10, 'LIMIT', 5],
    answer: '{"result":0}',
  },
  {
    name: 'FUNCTION LOAD with allow-key-locking',
    since: [7, 0],
    json: ['FUNCTION', 'LOAD', 'REPLACE', library],
    answer: '{"result":"lib"}',
  },
  {
    name: 'FCALL of that function',
    since: [7, 0],
    given: [['FUNCTION', 'LOAD', 'REPLACE', library]],
    json: ['FCALL_RO', 'f', 0],
    answer: '{"result":"ran"}',
  },
]
