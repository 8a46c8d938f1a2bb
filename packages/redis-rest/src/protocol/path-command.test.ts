import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parsePathCommand } from './path-command.ts'

function parse(path: string, query = '', body?: string): string[] | string {
  const parsed = parsePathCommand(path, query, body === undefined ? undefined : Buffer.from(body))
  return parsed.kind === 'invalid' ? parsed.message : [parsed.value.name, ...parsed.value.args.map(String)]
}

describe('parsePathCommand()', () => {
  const cases: [string, string, string | undefined, string[]][] = [
    ['/set/foo/bar', '', undefined, ['set', 'foo', 'bar']],
    ['/get/foo/', '', undefined, ['get', 'foo']],
    ['/set//bar', '', undefined, ['set', '', 'bar']],
    ['/set/a%2Fb/c%20d+e', '', undefined, ['set', 'a/b', 'c d+e']],
    ['/set/%F0%9F%A6%86/é', '', undefined, ['set', '🦆', 'é']],
    ['/set/foo', 'EX=100', 'bar', ['set', 'foo', 'bar', 'EX', '100']],
    ['/set/foo', 'NX&EX=1&_token=secret', 'bar', ['set', 'foo', 'bar', 'NX', 'EX', '1']],
    ['/set/foo', 'a+b=c%26', '', ['set', 'foo', 'a b', 'c&']],
    ['/ping', '_token=secret', undefined, ['ping']],
  ]
  it.each(cases)('parsePathCommand() reads %s ? %s with body %s', (path, query, body, expected) => {
    expect(parse(path, query, body)).toEqual(expected)
  })

  it('parsePathCommand() refuses a broken percent sign and a missing name', () => {
    expect(parse('/get/%zz')).toBe('ERR cannot read the path: a "%" must be followed by two hex digits')
    expect(parse('/get/%4')).toBe('ERR cannot read the path: a "%" must be followed by two hex digits')
    expect(parse('//')).toBe('ERR cannot read the path: the command has no name')
  })

  it('parsePathCommand() carries any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), (bytes) => {
        const path = `/set/k/${[...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')}`
        expect(parsePathCommand(path, '', undefined)).toEqual({
          kind: 'parsed',
          value: { name: 'set', args: [Buffer.from('k'), Buffer.from(bytes)] },
        })
      }),
    )
  })
})
