import { expect, test } from 'vitest'
import { createZonedDays } from './zoned-days.ts'

const at = (text: string) => new Date(text).getTime()

test.each([
  [
    'Europe/Berlin',
    '2026-03-29T12:00:00Z',
    ['2026-03-27T23:00', '2026-03-28T23:00', '2026-03-29T22:00', '2026-03-30T22:00'],
  ],
  [
    'Europe/Berlin',
    '2026-10-25T12:00:00Z',
    ['2026-10-23T22:00', '2026-10-24T22:00', '2026-10-25T23:00', '2026-10-26T23:00'],
  ],
  [
    'Asia/Kathmandu',
    '2026-05-01T18:14:59Z',
    ['2026-04-29T18:15', '2026-04-30T18:15', '2026-05-01T18:15', '2026-05-02T18:15'],
  ],
  [
    'Pacific/Kiritimati',
    '2026-05-01T10:00:00Z',
    ['2026-04-30T10:00', '2026-05-01T10:00', '2026-05-02T10:00', '2026-05-03T10:00'],
  ],
  [
    'Pacific/Pago_Pago',
    '2026-05-01T10:59:59Z',
    ['2026-04-29T11:00', '2026-04-30T11:00', '2026-05-01T11:00', '2026-05-02T11:00'],
  ],
  // Clocks skip midnight: the day begins at one o'clock.
  [
    'Africa/Cairo',
    '2026-04-24T12:00:00Z',
    ['2026-04-22T22:00', '2026-04-23T22:00', '2026-04-24T21:00', '2026-04-25T21:00'],
  ],
] as const)('createZonedDays(%j) at %s', (zone, moment, starts) => {
  const days = createZonedDays('Cannot', zone)(at(moment))
  expect(days.map((start) => new Date(start).toISOString())).toEqual(starts.map((start) => `${start}:00.000Z`))
})

test('createZonedDays() gives the same boundaries whichever moment of the day asks', () => {
  const days = createZonedDays('Cannot', 'America/Sao_Paulo')
  const noon = at('2026-07-01T15:00:00Z')
  expect(days(noon)).toBe(days(noon + 3_600_000))
  expect(days(noon + 86_400_000).slice(0, 3)).toEqual(days(noon).slice(1))
})

test('createZonedDays() throws for a zone that does not exist', () => {
  expect(() => createZonedDays('Cannot create a fixed window', 'Europe/Atlantis')).toThrow(
    'Cannot create a fixed window: "timeZone" must be an IANA time zone such as "Europe/Berlin", received "Europe/Atlantis"',
  )
})
