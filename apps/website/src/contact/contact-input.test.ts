import { describe, expect, it } from 'vitest'
import { readContactInput } from './contact-input.ts'

const good = { name: 'Ada', email: 'ada@x.org', subject: 'Hello', message: 'One\r\nTwo' }
const faultsOf = (body: unknown): string[] => {
  const read = readContactInput(body)
  return read.ok ? [] : read.faults.map(({ field, detail }) => `${field} ${detail}`)
}

describe('readContactInput()', () => {
  it('trims, lower-cases the address and makes line breaks one sign', () => {
    expect(readContactInput({ ...good, name: '  Ada ', email: ' ADA@x.org ' })).toEqual({
      ok: true,
      value: { name: 'Ada', email: 'ada@x.org', subject: 'Hello', message: 'One\nTwo' },
    })
  })

  it('counts a line break once, as the field does that it was typed into', () => {
    const message = `${'x'.repeat(1_998)}\r\n${'y'.repeat(2_001)}`
    expect(readContactInput({ ...good, message })).toMatchObject({
      ok: true,
      value: { message: message.replace('\r', '') },
    })
    expect(readContactInput({ ...good, message: 'a\rb' })).toMatchObject({ ok: true, value: { message: 'a\nb' } })
  })

  it('takes what is as long as it may be', () => {
    const longest = { name: 'x'.repeat(100), subject: 'x'.repeat(150), message: 'x'.repeat(4_000) }
    expect(faultsOf({ ...good, ...longest })).toEqual([])
  })

  it('names every field that is wrong once', () => {
    expect(faultsOf({})).toEqual([
      'name must be text',
      'email must be text',
      'subject must be text',
      'message must be text',
    ])
    expect(faultsOf(7)).toEqual(['body must be an object with the fields "name", "email", "subject" and "message"'])
  })

  it.each([
    [{ name: 'a\nBcc: b@x.org' }, 'name must not contain control characters'],
    [{ subject: 'a\r\nBcc: b@x.org' }, 'subject must not contain control characters'],
    [{ subject: '\u202Etxt' }, 'subject must not contain control characters'],
    [{ name: 'x'.repeat(101) }, 'name must be at most 100 characters'],
    [{ subject: 'x'.repeat(151) }, 'subject must be at most 150 characters'],
    [{ message: 'x'.repeat(4_001) }, 'message must be at most 4000 characters'],
    [{ message: 'a\u0000b' }, 'message must not contain control characters'],
    [{ message: '  ' }, 'message is missing'],
    [{ email: 'ada' }, 'email must look like ada@example.org'],
    [{ submission: '7' }, 'submission must be a UUID'],
  ])('refuses %j', (change, fault) => {
    expect(faultsOf({ ...good, ...change })).toEqual([fault])
  })
})
