import { expect, it } from 'vitest'
import { maySplit } from './seal.ts'

const cases: [string, boolean][] = [
  ...['EVAL s 0', 'eval_ro s 0', 'EVALSHA s 0', 'EVALSHA_RO s 0', 'FCALL f 0', 'fcall_ro f 0'],
  ...['SCRIPT LOAD s', 'script exists s', 'FUNCTION LOAD l', 'FUNCTION LIST'],
].map((line) => [line, true])
cases.push(...['SCRIPT KILL', 'function kill', 'GET k', 'SET SCRIPT v'].map((line): [string, boolean] => [line, false]))

it.each(cases)('maySplit() of %s is %s', (line, expected) => {
  const [name = '', ...args] = line.split(' ')
  const other = { name: 'PING', args: [] }
  expect([maySplit([{ name, args }]), maySplit([other, { name, args }, other])]).toEqual([expected, expected])
})
