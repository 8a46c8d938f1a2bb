import { afterEach, describe, expect, it, vi } from 'vitest'
import { postJoin } from './post-join.ts'

const fields = { email: 'ada@x.org', referralCode: '' }

function answerWith(response: () => Promise<Response>): void {
  vi.stubGlobal('fetch', vi.fn(response))
  vi.stubGlobal('navigator', { onLine: true })
}

describe('postJoin()', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('becomes joined at 201', async () => {
    const body = { message: 'Thank you.', position: 7, referralCode: 'ABCD2345', tier: 'founding' }
    answerWith(async () => Response.json(body, { status: 201 }))
    expect(await postJoin(fields)).toEqual({
      status: 'joined',
      answer: { message: 'Thank you.', position: 7, referralCode: 'ABCD2345' },
    })
  })

  it('waits as long as Retry-After says at 429, a minute when it says nothing', async () => {
    answerWith(async () => new Response('', { status: 429, headers: { 'retry-after': '43' } }))
    expect(await postJoin(fields)).toEqual({ status: 'waiting', seconds: 43 })
    answerWith(async () => new Response('', { status: 429 }))
    expect(await postJoin(fields)).toEqual({ status: 'waiting', seconds: 60 })
  })

  it('names the field at 400', async () => {
    answerWith(async () => Response.json({ errors: [{ field: 'email', detail: 'is missing' }] }, { status: 400 }))
    expect(await postJoin(fields)).toEqual({ status: 'invalid', detail: 'The e-mail address is missing.' })
  })

  it('fails in words when the answer is another one, is no answer, or never comes', async () => {
    const states = []
    for (const response of [
      async () => new Response('', { status: 503 }),
      async () => Response.json({ position: '7' }, { status: 201 }),
      () => Promise.reject(new TypeError('Failed to fetch')),
    ]) {
      answerWith(response)
      states.push(await postJoin(fields))
    }
    vi.stubGlobal('navigator', { onLine: false })
    states.push(await postJoin(fields))
    const silent = { status: 'failed', detail: 'The site did not answer. Please try again in a moment.' }
    expect(states).toEqual([
      {
        status: 'failed',
        detail: 'The list cannot be reached right now. Your address was not saved; please try again in a minute.',
      },
      silent,
      silent,
      { status: 'failed', detail: 'You are offline. What you typed is still here; send it when you are back.' },
    ])
  })
})
