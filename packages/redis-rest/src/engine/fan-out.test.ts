import { describe, expect, it } from 'vitest'
import { readScanCursor, toEverywhere, toScanReply, withScanCursor } from './fan-out.ts'
import { encodeFrame } from './frame.ts'
import type { Outcome } from './reply.ts'

const reply = (cursor: string): Outcome => ({ kind: 'reply', frame: encodeFrame([Buffer.from(cursor), []]) })

describe('readScanCursor()', () => {
  it('a scan goes through every node and ends with 0', () => {
    const seen: [number, string][] = []
    let cursor = '0'
    const answers = ['18446744073709551615', '0', '0', '5', '0']
    do {
      const at = readScanCursor({ name: 'SCAN', args: [cursor] }, 3)
      seen.push([at.node, at.cursor])
      const outcome = toScanReply(reply(answers[seen.length - 1] ?? '0'), at.node, 3)
      cursor = outcome.kind === 'reply' ? (outcome.frame.toString().split('\r\n')[2] ?? '0') : '0'
    } while (cursor !== '0')
    expect(seen).toEqual([
      [0, '0'],
      [0, '18446744073709551615'],
      [1, '0'],
      [2, '0'],
      [2, '5'],
    ])
  })

  it('withScanCursor() changes only the cursor', () => {
    expect(withScanCursor({ name: 'SCAN', args: ['7', 'COUNT', '1'] }, '2').args).toEqual(['2', 'COUNT', '1'])
  })
})

describe('toEverywhere()', () => {
  it('DBSIZE is the sum and the first trouble wins', () => {
    const merge = toEverywhere({ name: 'dbsize', args: [] })
    const three: Outcome = { kind: 'reply', frame: Buffer.from(':3\r\n') }
    expect(merge?.([three, three])).toEqual({ kind: 'reply', frame: Buffer.from(':6\r\n') })
    expect(merge?.([three, { kind: 'error', message: 'ERR x' }])).toEqual({ kind: 'error', message: 'ERR x' })
    expect(toEverywhere({ name: 'script', args: ['load', 'x'] })).not.toBe(undefined)
    expect(toEverywhere({ name: 'GET', args: ['k'] })).toBe(undefined)
  })
})
