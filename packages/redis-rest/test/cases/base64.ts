import type { Case } from './case.ts'

export const encoded: readonly Case[] = [
  { name: 'OK stays OK', json: ['SET', 'k', 'v'], answer: '{"result":"OK"}' },
  { name: 'a string', given: [['SET', 'k', 'bar']], json: ['GET', 'k'], answer: '{"result":"YmFy"}' },
  { name: 'another status', json: ['PING'], answer: '{"result":"UE9ORw=="}' },
  { name: 'nil', json: ['GET', 'none'], answer: '{"result":null}' },
  { name: 'an integer', json: ['INCR', 'n'], answer: '{"result":1}' },
  { name: 'OK inside an array', given: [['SET', 'k', 'OK']], json: ['MGET', 'k'], answer: '{"result":["T0s="]}' },
  {
    name: 'deep strings',
    given: [['XADD', 'x', '1-1', 'f', 'v']],
    json: ['XRANGE', 'x', '-', '+'],
    answer: '{"result":[["MS0x",["Zg==","dg=="]]]}',
  },
  {
    name: 'an error is not encoded',
    json: ['GET'],
    status: 400,
    answer: `{"error":"ERR wrong number of arguments for 'get' command"}`,
  },
  {
    name: 'slots of a pipeline',
    path: '/pipeline',
    json: [
      ['SET', 'k', 'v'],
      ['GET', 'k'],
    ],
    answer: '[{"result":"OK"},{"result":"dg=="}]',
  },
  {
    name: 'slots of a transaction',
    path: '/multi-exec',
    json: [
      ['SET', 'k', 'v'],
      ['GET', 'k'],
    ],
    answer: '[{"result":"OK"},{"result":"dg=="}]',
  },
]
