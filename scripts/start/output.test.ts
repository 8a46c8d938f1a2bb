import { describe, expect, it } from 'vitest'
import { toNotice } from './output.mjs'

describe('toNotice()', () => {
  it.each([
    ['{"level":30,"msg":"listening"}', undefined],
    ['{"level":40,"msg":"the store is slow"}', 'warning: the store is slow'],
    ['{"level":50,"msg":"cannot load","err":{"message":"no such table"}}', 'error: cannot load (no such table)'],
    ['{"level":60,"msg":"lost","err":{"message":"lost"}}', 'fatal: lost'],
    ['{"level":50', undefined],
    ['{}', undefined],
    ['Listening on 8787', undefined],
  ])('makes of %s what the terminal shows', (line, notice) => {
    expect(toNotice(line)).toBe(notice)
  })
})
