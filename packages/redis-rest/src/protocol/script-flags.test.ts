import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { encodeFrame } from '../engine/frame.ts'
import type { Command } from './command.ts'
import { createScriptFlags, stripKeyLocking, stripLibraryLocking } from './script-flags.ts'

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

describe('stripLibraryLocking()', () => {
  const library = (flags: string): string => `#!lua name=l\nredis.register_function{function_name='f', ${flags}}`
  const cases: [string, string][] = [
    [library("flags={'allow-key-locking'}"), library('flags={}')],
    [library(`flags = {'no-writes', "allow-key-locking"}`), library("flags = {'no-writes', }")],
    [library("flags={'allow-key-locking', 'no-writes'}"), library("flags={'no-writes'}").replace('{', '{')],
    [`\n ${library('')}`, library('')],
    ['#!lua name=l flags=allow-key-locking\nx', '#!lua name=l\nx'],
    [library("description='allow-key-locking'"), library("description='allow-key-locking'")],
    ['no library', 'no library'],
  ]
  it.each(cases)('stripLibraryLocking() turns %j into %j', (source, expected) => {
    expect(stripLibraryLocking(source).replaceAll('{ ', '{')).toBe(expected)
  })
})

const rewrite = (flags: ReturnType<typeof createScriptFlags>, command: Command) =>
  flags.rewrite(command.name.toUpperCase(), command)

describe('createScriptFlags()', () => {
  it('rewrite() strips EVAL and EVAL_RO and then knows the SHA1 of the original', () => {
    const flags = createScriptFlags()
    expect(rewrite(flags, { name: 'EVALSHA', args: [sha1(flagged), '0'] }).command.args).toEqual([sha1(flagged), '0'])
    expect(rewrite(flags, { name: 'eval_ro', args: [Buffer.from(flagged), '0'] }).command).toEqual({
      name: 'eval_ro',
      args: [stripped, '0'],
    })
    expect(
      rewrite(flags, { name: 'EvalSha', args: [sha1(flagged).toUpperCase(), '1', sha1(flagged)] }).command,
    ).toEqual({ name: 'EvalSha', args: [sha1(stripped), '1', sha1(flagged)] })
    expect(rewrite(flags, { name: 'script', args: ['exists', sha1(flagged), 'f00'] }).command.args).toEqual([
      'exists',
      sha1(stripped),
      'f00',
    ])
  })

  it('rewrite() answers SCRIPT LOAD with the SHA1 of the original', () => {
    const { command, toOutcome } = rewrite(createScriptFlags(), { name: 'SCRIPT', args: ['LOAD', flagged] })
    expect(command.args).toEqual(['LOAD', stripped])
    const sha = (text: string) => ({ kind: 'reply', frame: encodeFrame(Buffer.from(text)) }) as const
    expect(toOutcome?.(sha(sha1(stripped)))).toEqual(sha(sha1(flagged)))
    expect(toOutcome?.({ kind: 'error', message: 'ERR x' })).toEqual({ kind: 'error', message: 'ERR x' })
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
      expect(rewrite(flags, command)).toEqual({ command })
    }
  })

  it('rewrite() forgets the oldest of more than 1000 scripts', () => {
    const flags = createScriptFlags()
    const script = (index: number): string => `#!lua flags=allow-key-locking\nreturn ${index}`
    for (let index = 0; index <= 1_000; index += 1) rewrite(flags, { name: 'EVAL', args: [script(index), '0'] })
    const mapped = (index: number) =>
      rewrite(flags, { name: 'EVALSHA', args: [sha1(script(index)), '0'] }).command.args[0]
    expect(mapped(0)).toBe(sha1(script(0)))
    expect(mapped(1)).toBe(sha1('\nreturn 1'))
  })
})
