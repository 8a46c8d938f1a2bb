import { describe, expect, it } from 'vitest'
import { readPersonCookie, readPersonToken, writePersonToken } from './person-token.ts'

const secret = 's'.repeat(32)
const issuedAt = new Date('2026-11-01T00:00:00Z')
const later = (days: number): Date => new Date(issuedAt.getTime() + days * 86_400_000)
const id = '11111111-1111-4111-8111-111111111111'

describe('readPersonToken()', () => {
  it('gives back whose token it is until it expires', () => {
    const link = writePersonToken(id, { purpose: 'mail-link', secret, issuedAt })
    const cookie = writePersonToken(id, { purpose: 'person', secret, issuedAt })
    const reads = [
      readPersonToken(link, { purpose: 'mail-link', secret, now: later(6.9) }),
      readPersonToken(link, { purpose: 'mail-link', secret, now: later(7) }),
      readPersonToken(cookie, { purpose: 'person', secret, now: later(179) }),
      readPersonToken(cookie, { purpose: 'person', secret, now: later(180) }),
    ]
    expect(reads).toEqual([id, undefined, id, undefined])
  })

  it('gives nothing for another purpose, another secret, or what was changed', () => {
    const link = writePersonToken(id, { purpose: 'mail-link', secret, issuedAt })
    const other = writePersonToken(id, { purpose: 'mail-link', secret: 't'.repeat(32), issuedAt })
    const [payload, signature] = link.split('.')
    const now = later(1)
    const reads = [
      readPersonToken(link, { purpose: 'person', secret, now }),
      readPersonToken(other, { purpose: 'mail-link', secret, now }),
      readPersonToken(`${payload}A.${signature}`, { purpose: 'mail-link', secret, now }),
      readPersonToken(`${link}.x`, { purpose: 'mail-link', secret, now }),
      readPersonToken('', { purpose: 'mail-link', secret, now }),
      readPersonToken(undefined, { purpose: 'mail-link', secret, now }),
    ]
    expect(reads).toEqual(reads.map(() => undefined))
  })

  it('writes the same text for the same moment, so that a mail that is sent twice says the same', () => {
    const write = () => writePersonToken(id, { purpose: 'mail-link', secret, issuedAt })
    expect(write()).toBe(write())
  })
})

describe('readPersonCookie()', () => {
  it('finds the one person among cookies of other hosts, names and secrets, and nobody where there are two', () => {
    const now = later(1)
    const cookie = (person: string, change: { secret?: string; purpose?: 'mail-link' } = {}) =>
      `headwater_me=${writePersonToken(person, { purpose: 'person', secret, issuedAt, ...change })}`
    const own = cookie(id)
    const another = '22222222-2222-4222-8222-222222222222'
    const foreign = ['headwater_me=x', 'headwater_me=', cookie(another, { secret: 't'.repeat(32) })]
    for (const part of [...foreign, cookie(another, { purpose: 'mail-link' }), `x_${cookie(another)}`, own]) {
      for (const header of [`${part}; ${own}`, `${own};${part}`]) {
        expect([header, readPersonCookie(header, { secret, now })]).toEqual([header, id])
      }
    }
    for (const header of [`${own}; ${cookie(another)}`, `${cookie(another)}; ${own}`, foreign.join('; '), '', null]) {
      expect([header, readPersonCookie(header, { secret, now })]).toEqual([header, undefined])
    }
  })
})
