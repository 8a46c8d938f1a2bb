import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeFrame } from '../engine/frame.ts'
import type { Reply } from '../engine/reply.ts'
import { encodeError, encodeReply, encodeResult } from './encode.ts'

const bytes = (text: string): Buffer => Buffer.from(text)

describe('encodeReply()', () => {
  const cases: [string, Reply, string, string][] = [
    ['nil', null, 'null', 'null'],
    ['an integer', '137', '137', '137'],
    ['an int64', '-9223372036854775808', '-9223372036854775808', '-9223372036854775808'],
    ['a string', bytes('bar'), '"bar"', '"YmFy"'],
    ['an empty string', bytes(''), '""', '""'],
    ['OK', bytes('OK'), '"OK"', '"OK"'],
    ['OK in an array', [bytes('OK')], '["OK"]', '["T0s="]'],
    ['PONG', bytes('PONG'), '"PONG"', '"UE9ORw=="'],
    ['quotes and control characters', bytes('"\\\n\u0000'), '"\\"\\\\\\n\\u0000"', '"IlwKAA=="'],
    ['unicode', bytes('é🦆'), '"é🦆"', '"w6nwn6aG"'],
    ['bytes that are not UTF-8', Buffer.from([0xff, 0xfe]), '"\ufffd\ufffd"', '"//4="'],
    ['an array', [bytes('a'), null, '1', []], '["a",null,1,[]]', '["YQ==",null,1,[]]'],
    ['a deep array', [[[bytes('a')]]], '[[["a"]]]', '[[["YQ=="]]]'],
    ['an error in an array', [new Error('ERR x')], '["ERR x"]', '["RVJSIHg="]'],
  ]
  it.each(cases)('encodeReply() writes %s', (_, reply, text, base64) => {
    expect(encodeReply(encodeFrame(reply), 'text')).toBe(text)
    expect(encodeReply(encodeFrame(reply), 'base64')).toBe(base64)
  })

  it('encodeReply() writes a reply of any depth', () => {
    const depth = 100_000
    const frame = Buffer.from(`${'*2\r\n'.repeat(depth)}:1\r\n${':2\r\n'.repeat(depth)}`)
    expect(encodeReply(frame, 'text')).toBe(`${'['.repeat(depth)}1${',2]'.repeat(depth)}`)
  })

  it('encodeReply() loses no byte in base64', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), (values) => {
        const texts: string[] = JSON.parse(
          encodeReply(encodeFrame(values.map((value) => Buffer.from(value))), 'base64'),
        )
        expect(texts.map((text) => new Uint8Array(Buffer.from(text, 'base64')))).toEqual(values)
      }),
    )
  })
})

describe('encodeResult()', () => {
  it('encodeResult() wraps a reply, encodeError() a message that is never base64', () => {
    expect(encodeResult(Buffer.from(':1\r\n'), 'base64')).toBe('{"result":1}')
    expect(encodeError('ERR "x"')).toBe('{"error":"ERR \\"x\\""}')
  })
})
