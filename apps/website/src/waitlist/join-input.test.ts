import { describe, expect, it } from 'vitest'
import { readJoinInput } from './join-input.ts'

describe('readJoinInput()', () => {
  it('trims and lower-cases the address, and takes an empty code for none', () => {
    expect(readJoinInput({ email: ' Ada@Example.ORG ', referralCode: ' ' })).toEqual({
      ok: true,
      value: { email: 'ada@example.org', referralCode: undefined },
    })
  })

  it('reads a code in either case and the quiz', () => {
    const quiz = { apps: [' Watch '], frustrations: [], goal: 'Sleep' }
    expect(readJoinInput({ email: 'a@b.org', referralCode: 'abcd2345', quiz })).toEqual({
      ok: true,
      value: { email: 'a@b.org', referralCode: 'ABCD2345', quiz: { apps: ['Watch'], frustrations: [], goal: 'Sleep' } },
    })
  })

  it.each([
    ['nothing', undefined, 'body', 'must be an object with the field "email"'],
    ['a list', [], 'body', 'must be an object with the field "email"'],
    ['no address', {}, 'email', 'must be text'],
    ['an empty address', { email: '  ' }, 'email', 'is missing'],
    ['a number', { email: 7 }, 'email', 'must be text'],
    ['a word', { email: 'ada' }, 'email', 'must look like ada@example.org'],
    ['a line break', { email: 'a@b.org\nbcc:c@d.org' }, 'email', 'must look like ada@example.org'],
    ['a long address', { email: `${'a'.repeat(250)}@b.org` }, 'email', 'must be at most 255 characters'],
    ['a bad code', { email: 'a@b.org', referralCode: 'O0O0' }, 'referralCode', 'must be 8 letters and digits'],
  ])('names the field for %s', (_, body, field, detail) => {
    expect(readJoinInput(body)).toEqual({ ok: false, faults: [{ field, detail }] })
  })

  it('bounds the quiz and keeps control characters out of it', () => {
    const tooMany = readJoinInput({ email: 'a@b.org', quiz: { apps: Array.from({ length: 13 }, () => 'x') } })
    const control = readJoinInput({ email: 'a@b.org', quiz: { goal: 'a\u0000b' } })
    const full = Array.from({ length: 12 }, () => 'x'.repeat(60))
    const longest = readJoinInput({
      email: 'a@b.org',
      quiz: { apps: full, frustrations: ['x'], goal: 'x'.repeat(280) },
    })
    const longer = readJoinInput({ email: 'a@b.org', quiz: { apps: ['x'.repeat(61)] } })
    expect([longest.ok, longer.ok, tooMany.ok, control]).toEqual([
      true,
      false,
      false,
      { ok: false, faults: [{ field: 'quiz.goal', detail: 'must not contain control characters' }] },
    ])
  })
})
