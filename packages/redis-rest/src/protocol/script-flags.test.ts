import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createScriptFlags, stripKeyLocking } from './script-flags.ts'

const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex')
const flagged = '#!lua flags=allow-key-locking\nreturn 1'
const stripped = '\nreturn 1'

describe('stripKeyLocking()', () => {
  const cases: [string, string][] = [
    [flagged, stripped],
    ['#!lua flags=no-writes,allow-key-locking\nreturn 1', '#!lua flags=no-writes\nreturn 1'],
    ['#!lua  flags=allow-key-locking,no-writes \nreturn 1', '#!lua flags=no-writes\nreturn 1'],
    ['#!lua name=x flags=allow-key-locking\nreturn 1', '#!lua name=x\nreturn 1'],
    ['#!lua flags=no-writes\nreturn 1', '#!lua flags=no-writes\nreturn 1'],
    ['#!lua\r\nreturn 1', '#!lua\r\nreturn 1'],
    ['#!lua flags=allow-key-locking', ''],
    ['return "#!lua flags=allow-key-locking"', 'return "#!lua flags=allow-key-locking"'],
    ['#!lua\n-- allow-key-locking', '#!lua\n-- allow-key-locking'],
    ['', ''],
  ]
  it.each(cases)('stripKeyLocking() turns %j into %j', (script, expected) => {
    expect(stripKeyLocking(script)).toBe(expected)
  })
})

describe('createScriptFlags()', () => {
  it('rewrite() strips EVAL and EVAL_RO and then knows the SHA1 of the original', () => {
    const flags = createScriptFlags()
    expect(flags.rewrite({ name: 'EVALSHA', args: [sha1(flagged), '0'] }).command.args).toEqual([sha1(flagged), '0'])
    expect(flags.rewrite({ name: 'eval_ro', args: [Buffer.from(flagged), '0'] }).command).toEqual({
      name: 'eval_ro',
      args: [stripped, '0'],
    })
    expect(flags.rewrite({ name: 'EvalSha', args: [sha1(flagged).toUpperCase(), '1', sha1(flagged)] }).command).toEqual(
      { name: 'EvalSha', args: [sha1(stripped), '1', sha1(flagged)] },
    )
    expect(flags.rewrite({ name: 'script', args: ['exists', sha1(flagged), 'f00'] }).command.args).toEqual([
      'exists',
      sha1(stripped),
      'f00',
    ])
  })

  it('rewrite() answers SCRIPT LOAD with the SHA1 of the original', () => {
    const { command, toReply } = createScriptFlags().rewrite({ name: 'SCRIPT', args: ['LOAD', flagged] })
    expect(command.args).toEqual(['LOAD', stripped])
    expect(toReply(Buffer.from(sha1(stripped)))).toEqual(Buffer.from(sha1(flagged)))
    expect(toReply(null)).toBe(null)
  })

  it('rewrite() leaves every other command alone', () => {
    const flags = createScriptFlags()
    for (const [name, ...args] of [
      ['GET', flagged],
      ['SET', 'k', flagged],
      ['EVAL', 'return 1', '0'],
      ['EVAL'],
      ['SCRIPT'],
    ]) {
      const command = { name: name ?? '', args }
      expect(flags.rewrite(command).command).toEqual(command)
      expect(flags.rewrite(command).toReply('1')).toBe('1')
    }
  })

  it('rewrite() forgets the oldest of more than 1000 scripts', () => {
    const flags = createScriptFlags()
    const script = (index: number): string => `#!lua flags=allow-key-locking\nreturn ${index}`
    for (let index = 0; index <= 1_000; index += 1) flags.rewrite({ name: 'EVAL', args: [script(index), '0'] })
    const mapped = (index: number) =>
      flags.rewrite({ name: 'EVALSHA', args: [sha1(script(index)), '0'] }).command.args[0]
    expect(mapped(0)).toBe(sha1(script(0)))
    expect(mapped(1)).toBe(sha1('\nreturn 1'))
  })
})
