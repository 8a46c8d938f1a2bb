import type { Case } from './case.ts'

/** With `Upstash-Response-Format: resp2`. */
export const resp2: readonly Case[] = [
  { name: 'a status', json: ['SET', 'k', 'v'], answer: '+OK\r\n' },
  { name: 'a string', given: [['SET', 'k', 'bar']], json: ['GET', 'k'], answer: '$3\r\nbar\r\n' },
  { name: 'nil', json: ['GET', 'none'], answer: '$-1\r\n' },
  { name: 'an integer', json: ['INCRBY', 'n', '9007199254740993'], answer: ':9007199254740993\r\n' },
  {
    name: 'a nested array',
    given: [['XADD', 'x', '1-1', 'f', 'v']],
    json: ['XRANGE', 'x', '-', '+'],
    answer: '*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n',
  },
  {
    name: 'an error',
    json: ['GET'],
    status: 400,
    answer: "-ERR wrong number of arguments for 'get' command\r\n",
  },
  { name: 'a path command', given: [['SET', 'k', 'v']], path: '/get/k', answer: '$1\r\nv\r\n' },
  {
    name: 'a pipeline as one reply after the other',
    path: '/pipeline',
    json: [['SET', 'k', 'x'], ['INCR', 'k'], ['MULTI'], ['GET', 'k']],
    answer:
      "+OK\r\n-ERR value is not an integer or out of range\r\n-ERR 'MULTI' is not available here: send the commands of a transaction to /multi-exec\r\n$1\r\nx\r\n",
  },
  {
    name: 'a transaction, which is always JSON',
    path: '/multi-exec',
    json: [['SET', 'k', 'v']],
    answer: '[{"result":"OK"}]',
  },
  {
    name: 'no token',
    token: null,
    json: ['PING'],
    status: 401,
    answer: '{"error":"WRONGPASS invalid or missing auth token"}',
  },
]
