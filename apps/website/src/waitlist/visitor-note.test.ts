import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { heldQuiz } from './held-quiz.ts'
import { readVisitorNote, type VisitorNote, writeVisitorNote } from './visitor-note.ts'

const secret = 's'.repeat(32)
const note: VisitorNote = { kind: 'invalid', email: 'ada@', detail: 'The e-mail address is missing.' }

describe('readVisitorNote()', () => {
  it('gives back what writeVisitorNote() wrote', () => {
    const { id, cookie } = writeVisitorNote(note, secret)
    expect(readVisitorNote(cookie, { id, secret })).toEqual(note)
  })

  it('gives nothing for another post, another secret, a changed cookie or none', () => {
    const { id, cookie } = writeVisitorNote(note, secret)
    const [payload, signature] = cookie.split('.')
    const reads = [
      readVisitorNote(cookie, { id: 'other', secret }),
      readVisitorNote(cookie, { id: undefined, secret }),
      readVisitorNote(cookie, { id, secret: 't'.repeat(32) }),
      readVisitorNote(`${payload}x.${signature}`, { id, secret }),
      readVisitorNote('nonsense', { id, secret }),
      readVisitorNote(undefined, { id, secret }),
    ]
    expect(reads).toEqual([undefined, undefined, undefined, undefined, undefined, undefined])
  })

  it.each(['"', '\r\n', '\u0000', '\\', 'ä', '水', '\u2028', 'x'])(
    'keeps what was typed, or all but the message, in a cookie that browsers take: %j',
    (sign) => {
      for (const length of [10, 300, 600, 1_200, 1_800, 4_000]) {
        const message = sign.repeat(length)
        const fields = { name: sign.repeat(100), email: sign.repeat(255), subject: sign.repeat(150), message }
        const faults = ['name', 'email', 'subject', 'message'].map((field) => ({
          field,
          detail: 'must not contain control characters',
        }))
        const { id, cookie } = writeVisitorNote(
          { kind: 'contact-held', fields, why: { kind: 'faults', faults } },
          secret,
        )
        expect(cookie.length + 'headwater_note='.length).toBeLessThanOrEqual(4_096)
        const read = readVisitorNote(cookie, { id, secret })
        expect(read).toMatchObject({ kind: 'contact-held', why: { faults } })
        if (read?.kind === 'contact-held') expect(['', message]).toContain(read.fields.message)
      }
    },
  )

  it.each(['\u200B', '\u202E', '\uD800', 'a\u0301\u0301\u0301\u0301\u0301\u0301', '\u0000', '😀', 'x😀'])(
    'says what is wrong with an answer of the quiz whatever it is made of: %j',
    (sign) => {
      const refused: VisitorNote = { ...note, quiz: heldQuiz({ apps: ['Ring'], goal: `Sleep ${sign.repeat(300)}` }) }
      const { id, cookie } = writeVisitorNote(refused, secret)
      const read = readVisitorNote(cookie, { id, secret })
      expect(read).toEqual(refused)
      expect(read).toMatchObject({
        quiz: { apps: ['Ring'], goal: expect.stringMatching(/^Sleep[^\u200B\u202E\p{Cs}\0]*$/u) },
      })
    },
  )

  it('keeps every message that fits into a cookie, and of a longer one nothing', () => {
    const digests = Array.from({ length: 120 }, (_, nth) => createHash('sha256').update(`${nth}`).digest('base64url'))
    const fields = { name: 'Ada', email: 'ada@x.org', subject: 'A device' }
    const sizes = { kept: [0], dropped: [9_999] }
    for (let length = 3_000; length < 4_000; length += 1) {
      const message = digests.join('').slice(0, length)
      const why = { kind: 'wait', untilMs: 1 } as const
      const { id, cookie } = writeVisitorNote({ kind: 'contact-held', fields: { ...fields, message }, why }, secret)
      const read = readVisitorNote(cookie, { id, secret })
      const isKept = read?.kind === 'contact-held' && read.fields.message === message
      sizes[isKept ? 'kept' : 'dropped'].push(isKept ? cookie.length + 'headwater_note='.length : length)
    }
    expect(Math.max(...sizes.kept)).toBeLessThanOrEqual(4_096)
    expect(Math.max(...sizes.kept)).toBeGreaterThan(4_080)
    expect(sizes.dropped.length).toBeGreaterThan(100)
  })

  it('keeps a cookie small whatever was typed', () => {
    const { id, cookie } = writeVisitorNote({ kind: 'wait', email: 'ä'.repeat(60_000), untilMs: 1 }, secret)
    expect(cookie.length).toBeLessThan(1_500)
    expect(readVisitorNote(cookie, { id, secret })).toEqual({ kind: 'wait', email: 'ä'.repeat(300), untilMs: 1 })
  })
})
