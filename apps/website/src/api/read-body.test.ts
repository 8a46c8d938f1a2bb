import { describe, expect, it } from 'vitest'
import { readBody } from './read-body.ts'

const post = (type: string | undefined, body: string | Uint8Array<ArrayBuffer>): Request =>
  new Request('http://site.test/', {
    method: 'POST',
    body,
    headers: type === undefined ? {} : { 'content-type': type },
  })

describe('readBody()', () => {
  it('reads JSON and forms', async () => {
    expect(await readBody(post('application/json; charset=utf-8', '{"a":1}'), 64)).toEqual({
      kind: 'json',
      value: { a: 1 },
    })
    expect(await readBody(post('application/x-www-form-urlencoded', 'a=1&b=%C3%A4'), 64)).toEqual({
      kind: 'form',
      value: { a: '1', b: 'ä' },
    })
  })

  it.each(['text/plain', 'multipart/form-data; boundary=x', ''])('does not read the type "%s"', async (type) => {
    expect(await readBody(post(type, '{}'), 64)).toEqual({ kind: 'unsupported-type' })
  })

  it('stops at the limit, whether the length is announced or not', async () => {
    const announced = new Request('http://site.test/', {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json', 'content-length': '65' },
    })
    expect(await readBody(announced, 64)).toEqual({ kind: 'too-large' })
    expect(await readBody(post('application/json', `"${'x'.repeat(63)}"`), 64)).toEqual({ kind: 'too-large' })
    expect(await readBody(post('application/json', `"${'x'.repeat(62)}"`), 64)).toEqual({
      kind: 'json',
      value: 'x'.repeat(62),
    })
  })

  it('calls bad JSON and bad UTF-8 malformed', async () => {
    expect(await readBody(post('application/json', '{'), 64)).toEqual({ kind: 'malformed' })
    expect(await readBody(post('application/json', new Uint8Array([34, 255, 34])), 64)).toEqual({ kind: 'malformed' })
  })
})
