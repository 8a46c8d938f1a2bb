import { describe, expect, it } from 'vitest'
import { findRefusal } from './refused-commands.ts'

function refusal(line: string): string | undefined {
  const [name = '', ...args] = line.split(' ')
  return findRefusal({ name, args })
}

const shared = 'the connection that all requests share'

describe('findRefusal()', () => {
  const refused: [string, string][] = [
    ['subscribe a', `ERR 'SUBSCRIBE' is not available here: it would turn ${shared} into a subscriber`],
    ['MONITOR', `ERR 'MONITOR' is not available here: it would turn ${shared} into a subscriber`],
    ['BLPOP a 0', "ERR 'BLPOP' is not available here: it would make all requests wait on the shared connection"],
    [
      'xread COUNT 1 block 0 STREAMS a $',
      "ERR 'XREAD BLOCK' is not available here: it would make all requests wait on the shared connection",
    ],
    [
      'xread BLOCK\0 0 STREAMS a $',
      "ERR 'XREAD BLOCK' is not available here: it would make all requests wait on the shared connection",
    ],
    [
      'xreadgroup GROUP STREAMS c BLOCK 0 STREAMS a >',
      "ERR 'XREADGROUP BLOCK' is not available here: it would make all requests wait on the shared connection",
    ],
    [
      'xread NEWER 1 BLOCK 0 STREAMS a $',
      "ERR 'XREAD BLOCK' is not available here: it would make all requests wait on the shared connection",
    ],
    ['COPY a b db\0x 1', "ERR 'COPY DB' is not available here: it reaches beyond the database of this endpoint"],
    ['post x', `ERR 'POST' is not available here: it would change ${shared}`],
    ['SELECT 1', `ERR 'SELECT' is not available here: it would change ${shared}`],
    ['client reply off', `ERR 'CLIENT REPLY' is not available here: it would change ${shared}`],
    ['SCRIPT DEBUG YES', `ERR 'SCRIPT DEBUG' is not available here: it would change ${shared}`],
    ['MULTI', "ERR 'MULTI' is not available here: send the commands of a transaction to /multi-exec"],
    ['CONFIG GET dir', "ERR 'CONFIG' is not available here: it concerns the server, not the data"],
    ['SHUTDOWN', "ERR 'SHUTDOWN' is not available here: it concerns the server, not the data"],
    ['COPY a b DB 1', "ERR 'COPY DB' is not available here: it reaches beyond the database of this endpoint"],
    ['__proto__ a', "ERR unknown command '__proto__'"],
    ['get\r\n', "ERR unknown command 'get\r\n'"],
  ]
  it.each(refused)('findRefusal() refuses %s', (line, message) => {
    expect(refusal(line)).toBe(message)
  })

  const allowed = [
    'constructor',
    'GET k',
    'CLIENT',
    'client ID',
    'SCRIPT LOAD x',
    'XREAD COUNT 1 STREAMS block 0',
    'XREADGROUP GROUP BLOCK c STREAMS a >',
    'COPY DB b',
    'JSON.GET k',
  ]
  it.each(allowed)('findRefusal() lets %s pass', (line) => {
    expect(refusal(line)).toBe(undefined)
  })
})
