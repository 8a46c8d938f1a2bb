import type { Case } from './case.ts'

const locked = '#!lua flags=allow-key-locking\nreturn KEYS[1]'
/** SHA1 of `locked`, not of what Redis gets to see. */
const lockedSha = '381756943d141e39420bae7b430a0fa99ae0ad9e'

export const scripts: readonly Case[] = [
  { name: 'EVAL with allow-key-locking', json: ['EVAL', locked, 1, 'k'], answer: '{"result":"k"}' },
  {
    name: 'EVAL with another flag too',
    since: [7, 0],
    json: ['EVAL', '#!lua flags=no-writes,allow-key-locking\nreturn 7', 0],
    answer: '{"result":7}',
  },
  {
    name: 'SCRIPT LOAD answers the SHA1 of what was sent',
    json: ['SCRIPT', 'LOAD', locked],
    answer: '{"result":"381756943d141e39420bae7b430a0fa99ae0ad9e"}',
  },
  {
    name: 'EVALSHA of that SHA1',
    given: [['SCRIPT', 'LOAD', locked]],
    json: ['EVALSHA', lockedSha, 1, 'k'],
    answer: '{"result":"k"}',
  },
  {
    name: 'SCRIPT EXISTS of that SHA1',
    given: [['SCRIPT', 'LOAD', locked]],
    json: ['SCRIPT', 'EXISTS', lockedSha],
    answer: '{"result":[1]}',
  },
  {
    name: 'EVALSHA after SCRIPT FLUSH',
    given: [
      ['SCRIPT', 'LOAD', locked],
      ['SCRIPT', 'FLUSH'],
    ],
    json: ['EVALSHA', lockedSha, 1, 'k'],
    status: 400,
    answer: '{"error":"NOSCRIPT No matching script. Please use EVAL."}',
  },
  {
    name: 'both in a pipeline',
    path: '/pipeline',
    json: [
      ['EVAL', locked, 1, 'a'],
      ['EVALSHA', lockedSha, 1, 'b'],
    ],
    answer: '[{"result":"a"},{"result":"b"}]',
  },
  {
    name: 'all in a transaction',
    path: '/multi-exec',
    json: [
      ['SCRIPT', 'EXISTS', lockedSha],
      ['EVAL', locked, 1, 'a'],
      ['EVALSHA', lockedSha, 1, 'b'],
    ],
    answer: '[{"result":[0]},{"result":"a"},{"result":"b"}]',
  },
]
