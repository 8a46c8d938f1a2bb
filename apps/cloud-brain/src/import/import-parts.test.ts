import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toLocalDay } from '../local-day.ts'
import { toInstant } from './apple-date.ts'
import { createProgress } from './progress.ts'
import { type ExportedRecord, readExport } from './read-export.ts'
import { createRecentSet } from './recent-set.ts'
import { hoursCovered } from './sleep-hours.ts'
import { createSplitDays } from './split-days.ts'
import { toApiUnit } from './units.ts'

describe('toApiUnit()', () => {
  it.each([
    ['200', 'lb', 'kg', 90.718474],
    ['80', 'kg', 'kg', 80],
    ['12', 'st', 'kg', 76.20351816],
    ['3.1', 'mi', 'm', 4988.9664],
    ['5', 'km', 'm', 5000],
    ['418.4', 'kJ', 'kcal', 100],
    ['100', 'Cal', 'kcal', 100],
    ['0.97', '%', 'percent', 97],
    ['30.5', 'min', 's', 1830],
    ['0.06', 's', 'ms', 60],
    ['1.2', 'count/s', 'count/min', 72],
  ] as const)('toApiUnit() makes %s %s to %s', (value, unit, target, expected) => {
    expect(toApiUnit(value, unit, target)).toBeCloseTo(expected, 9)
  })

  it.each([
    ['5', 'parsec'],
    ['5', 'kg'],
    ['5', 'toString'],
    ['', 'km'],
    ['many', 'km'],
    [undefined, 'km'],
    ['5', undefined],
    ['Infinity', 'km'],
  ])('toApiUnit() gives undefined for %s %s', (value, unit) => {
    expect(toApiUnit(value, unit, 'm')).toBeUndefined()
  })
})

describe('toInstant()', () => {
  it.each([
    ['2026-03-29 07:30:00 +0100', '2026-03-29T06:30:00Z'],
    ['2026-03-29 07:30:00 -0330', '2026-03-29T11:00:00Z'],
    ['2026-03-29 12:05:09 am +0000', '2026-03-29T00:05:09Z'],
    ['2026-03-29 1:05:09\u202fp.m. +0000', '2026-03-29T13:05:09Z'],
    ['2026-03-29 1:05:09PM +00:00', '2026-03-29T13:05:09Z'],
  ])('toInstant() reads %s', (text, expected) => {
    expect(toInstant(text)).toBe(Date.parse(expected))
  })

  it.each([
    undefined,
    '',
    '2026-03-29',
    '2026-13-29 07:30:00 +0100',
    '2026-03-29T07:30:00Z',
    '29.03.2026 07:30 +0100',
    '12026-03-29 07:30:00 +0100',
    '2026-03-29 07:30:00 +01000',
    '2026-03-29 :30:00 +0100',
  ])('toInstant() gives undefined for %j', (text) => {
    expect(toInstant(text)).toBeUndefined()
  })
})

describe('createSplitDays()', () => {
  const ZONES = ['UTC', 'Pacific/Kiritimati', 'America/St_Johns', 'Asia/Kathmandu', 'Europe/Lisbon']

  it('split() agrees with counting minute by minute, in any zone and over changes of the clock', () => {
    const minutes = fc.integer({ min: 0, max: 60 * 60 })
    const starts = fc.integer({ min: 28_000_000, max: 30_000_000 })
    fc.assert(
      fc.property(starts, minutes, fc.constantFrom(...ZONES), (start, length, zone) => {
        const byMinute = new Map<string, number>()
        for (let minute = start; minute < start + length; minute += 1) {
          const day = toLocalDay(new Date(minute * 60_000), zone)
          byMinute.set(day, (byMinute.get(day) ?? 0) + 1)
        }
        const shares = createSplitDays(zone).split(start * 60_000, (start + length) * 60_000)
        expect(shares.map(({ date }) => date)).toEqual(
          length === 0 ? [toLocalDay(new Date(start * 60_000), zone)] : [...byMinute.keys()],
        )
        for (const { date, share } of shares)
          expect(share).toBeCloseTo((byMinute.get(date) ?? length) / (length || 1) || 1)
      }),
      { numRuns: 40 },
    )
  })

  it('split() puts a span of more than a week on its first day', () => {
    const start = Date.parse('2026-03-01T12:00:00Z')
    expect(createSplitDays('UTC').split(start, start + 8 * 86_400_000)).toEqual([{ date: '2026-03-01', share: 1 }])
  })
})

describe('hoursCovered()', () => {
  it('hoursCovered() counts each minute once, however intervals overlap', () => {
    const interval = fc.tuple(fc.nat(600), fc.nat(120)).map(([start, length]) => [start, start + length] as const)
    fc.assert(
      fc.property(fc.array(interval), (intervals) => {
        const minutes = new Set(
          intervals.flatMap(([start, end]) => Array.from({ length: end - start }, (_, index) => start + index)),
        )
        const inMs = intervals.map(([start, end]) => [start * 60_000, end * 60_000] as const)
        expect(hoursCovered(inMs)).toBeCloseTo(minutes.size / 60)
      }),
    )
  })
})

describe('createRecentSet()', () => {
  it('has() knows every text of the last ones, and tells none from another', () => {
    const [set, known] = [createRecentSet(20_000), new Set<string>()]
    for (let index = 0; index < 20_000; index += 1) {
      const text = `StepCount|watch|2026-03-29 07:30:00 +0100|${(index * 7919) % 15_000}`
      expect([text, set.has(text)]).toEqual([text, known.has(text)])
      known.add(text)
    }
  })

  it('has() forgets the oldest, so that its memory is bounded', () => {
    const set = createRecentSet(100)
    for (let index = 0; index < 1000; index += 1) expect(set.has(`text ${index}`)).toBe(false)
    expect([set.has('text 999'), set.has('text 901'), set.has('text 0')]).toEqual([true, true, false])
  })
})

describe('readExport()', () => {
  const XML = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE HealthData [
<!ELEMENT HealthData (ExportDate,Me,(Record|Correlation|Workout)*)>
<!ATTLIST HealthData locale CDATA #REQUIRED>
]>
<HealthData locale="pt_PT">
 <ExportDate value="2026-03-29 12:00:00 +0100"/>
 <Record type="HKQuantityTypeIdentifierStepCount" sourceName="Anas&#160;Uhr &amp; Schrittzähler" value="12"/>
 <Correlation type="HKCorrelationTypeIdentifierFood"><Record type="HKQuantityTypeIdentifierDietaryProtein" value="9"/></Correlation>
 <Workout workoutActivityType="HKWorkoutActivityTypeRunning"><WorkoutStatistics type="HKQuantityTypeIdentifierDistanceWalkingRunning" sum="5" unit="km"/></Workout>
</HealthData>
`
  const read = async (bytes: Buffer, cut = bytes.length) => {
    const seen: unknown[] = []
    const chunks = Array.from({ length: Math.ceil(bytes.length / cut) }, (_, index) =>
      bytes.subarray(index * cut, (index + 1) * cut),
    )
    const reader = {
      record: (record: ExportedRecord) => void seen.push({ ...record }),
      workout: (workout: { attributes: ExportedRecord; sums: ReadonlyMap<string, unknown> }) =>
        void seen.push([{ ...workout.attributes }, [...workout.sums]]),
    }
    await readExport({ stream: Readable.from(chunks), name: 'export.zip' }, reader, () => {})
    return seen
  }

  it('reads the same whatever the bytes are cut into, and leaves out what correlations repeat', async () => {
    const expected = [
      { type: 'HKQuantityTypeIdentifierStepCount', sourceName: 'Anas\u00a0Uhr & Schrittzähler', value: '12' },
      [
        { workoutActivityType: 'HKWorkoutActivityTypeRunning' },
        [['HKQuantityTypeIdentifierDistanceWalkingRunning', { value: '5', unit: 'km' }]],
      ],
    ]
    for (const cut of [1, 2, 3, 7, 64, 10_000]) expect(await read(Buffer.from(XML), cut)).toEqual(expected)
  })

  it.each([
    ['ends in the middle', XML.slice(0, XML.indexOf('<Workout')), 'the XML is broken in line 10'],
    ['has a tag that is not closed', XML.replace('</Correlation>', ''), 'the XML is broken in line 11'],
    ['is of something else', '<gpx></gpx>', 'the XML must be an export of Apple Health (HealthData)'],
    ['is empty', '', 'the XML is broken in line 1'],
  ])('says so when the file %s', async (_, xml, reason) => {
    await expect(read(Buffer.from(xml))).rejects.toThrow(`Cannot import export.zip: ${reason}`)
  })

  it('says so when the file is not UTF-8', async () => {
    await expect(read(Buffer.from(XML, 'latin1'))).rejects.toThrow(
      'Cannot import export.zip: the XML must be UTF-8, and is not in line 1',
    )
  })
})

describe('createProgress()', () => {
  it('tells each tenth on a line of its own where there is no terminal', () => {
    const written: string[] = []
    const progress = createProgress('Reading', { write: (text) => written.push(text) })
    for (let done = 0; done <= 1000; done += 1) progress.tell(done, 1000)
    progress.end()
    expect(written).toEqual(Array.from({ length: 11 }, (_, index) => `Reading: ${index * 10} %\n`))
  })
})
