import type { Case } from './case.ts'

export const batches: readonly Case[] = [
  {
    name: 'a pipeline',
    path: '/pipeline',
    json: [
      ['SET', 'k', 1],
      ['INCR', 'k'],
      ['GET', 'none'],
    ],
    answer: '[{"result":"OK"},{"result":2},{"result":null}]',
  },
  {
    name: 'errors in slots',
    path: '/pipeline',
    json: [['GET'], ['SET', 'k', 'x'], ['INCR', 'k']],
    answer: `[{"error":"ERR wrong number of arguments for 'get' command"},{"result":"OK"},{"error":"ERR value is not an integer or out of range"}]`,
  },
  {
    name: 'a refused command between others',
    path: '/pipeline',
    json: [['INCR', 'n'], ['MULTI'], ['INCR', 'n']],
    answer: `[{"result":1},{"error":"ERR 'MULTI' is not available here: send the commands of a transaction to /multi-exec"},{"result":2}]`,
  },
  {
    name: 'only refused commands',
    path: '/pipeline',
    json: [['EXEC']],
    answer: `[{"error":"ERR 'EXEC' is not available here: send the commands of a transaction to /multi-exec"}]`,
  },
  {
    name: 'a pipeline with a slash at the end of its path',
    path: '/pipeline/',
    json: [['PING']],
    answer: '[{"result":"PONG"}]',
  },
  {
    name: 'a transaction with a slash at the end of its path',
    path: '/multi-exec/',
    json: [['PING']],
    answer: '[{"result":"PONG"}]',
  },
  {
    name: 'an empty pipeline',
    path: '/pipeline',
    json: [],
    status: 400,
    answer: '{"error":"ERR cannot read the request body: it has no commands"}',
  },
  {
    name: 'a pipeline with a bad row',
    path: '/pipeline',
    json: [
      ['INCR', 'n'],
      ['INCR', {}],
    ],
    status: 400,
    answer: '{"error":"ERR cannot read command 2: argument 1 must be a string, number or boolean, received an object"}',
  },
  {
    name: 'a transaction',
    path: '/multi-exec',
    json: [
      ['SET', 'k', 1],
      ['INCR', 'k'],
      ['HGETALL', 'h'],
    ],
    answer: '[{"result":"OK"},{"result":2},{"result":[]}]',
  },
  {
    name: 'a transaction with a failing command',
    path: '/multi-exec',
    json: [
      ['SET', 'k', 'x'],
      ['INCR', 'k'],
      ['GET', 'k'],
    ],
    answer: '[{"result":"OK"},{"error":"ERR value is not an integer or out of range"},{"result":"x"}]',
  },
  {
    name: 'a transaction with a wrong arity',
    path: '/multi-exec',
    json: [['SET', 'k', 1], ['GET']],
    status: 400,
    answer: `{"error":"EXECABORT Transaction discarded because of: ERR wrong number of arguments for 'get' command"}`,
  },
  {
    name: 'a transaction with a refused command',
    path: '/multi-exec',
    json: [
      ['SET', 'k', 1],
      ['WATCH', 'k'],
    ],
    status: 400,
    answer: `{"error":"ERR 'WATCH' is not available here: send the commands of a transaction to /multi-exec"}`,
  },
  {
    name: 'int64 in a transaction',
    path: '/multi-exec',
    json: [['INCRBY', 'n', '9007199254740993']],
    answer: '[{"result":9007199254740993}]',
  },
]
