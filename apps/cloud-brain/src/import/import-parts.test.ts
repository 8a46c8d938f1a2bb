import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toLocalDay } from '../local-day.ts'
import { toInstant } from './apple-date.ts'
import { createHealthDays } from './health-days.ts'
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
  ])('toInstant() reads %s', (text, expected) => {
    expect(toInstant(text)).toBe(Date.parse(expected))
  })

  it.each([undefined, '', '2026-03-29', '2026-13-29 07:30:00 +0100', '2026-03-29T07:30:00Z', '29.03.2026 07:30 +0100'])(
    'toInstant() gives undefined for %j',
    (text) => {
      expect(toInstant(text)).toBeUndefined()
    },
  )
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

describe('createHealthDays()', () => {
  const record = (change: Record<string, string>): ExportedRecord => ({
    type: 'HKQuantityTypeIdentifierStepCount',
    sourceName: 'Watch',
    unit: 'count',
    startDate: '2026-03-28 07:00:00 +0000',
    endDate: '2026-03-28 07:10:00 +0000',
    value: '100',
    ...change,
  })
  const quantity = (name: string, unit: string, value: string, change: Record<string, string> = {}) =>
    record({ type: `HKQuantityTypeIdentifier${name}`, unit, value, ...change })
  const sleep = (stage: string, startDate: string, endDate: string) =>
    record({
      type: 'HKCategoryTypeIdentifierSleepAnalysis',
      value: `HKCategoryValueSleepAnalysis${stage}`,
      startDate,
      endDate,
    })
  const gather = (timezone: string, records: ExportedRecord[]) => {
    const days = createHealthDays(timezone)
    for (const each of records) days.record(each)
    return { batches: days.batches(), counts: days.counts }
  }

  it('adds up, averages or takes the last, each in the unit of the API', () => {
    const later = { startDate: '2026-03-28 21:00:00 +0000', endDate: '2026-03-28 21:00:00 +0000' }
    const { batches } = gather('UTC', [
      record({}),
      record({ ...later, value: '50' }),
      quantity('ActiveEnergyBurned', 'kJ', '418.4'),
      quantity('HeartRate', 'count/min', '60'),
      quantity('HeartRate', 'count/min', '81', later),
      quantity('OxygenSaturation', '%', '0.97'),
      quantity('BodyMass', 'lb', '180', later),
      quantity('BodyMass', 'lb', '170'),
      quantity('BodyFatPercentage', '%', '0.1825'),
      quantity('DietaryEnergyConsumed', 'kcal', '650'),
      quantity('DietaryProtein', 'g', '31'),
    ])
    expect(batches).toEqual([
      {
        source: 'Watch',
        workouts: [],
        sleep: [],
        nutrition: [{ date: '2026-03-28', calories: 650, protein_grams: 31 }],
        weight: [{ date: '2026-03-28', weight_kg: 81.65 }],
        daily_metrics: [
          {
            date: '2026-03-28',
            steps: 150,
            active_calories: 100,
            heart_rate_avg: 70.5,
            oxygen_saturation: 97,
            body_fat_percentage: 18.25,
          },
        ],
      },
    ])
  })

  it('puts each record on the day it was where the user lives, and shares out what spans midnight', () => {
    const steps = record({ startDate: '2026-03-28 22:30:00 -0230', endDate: '2026-03-29 01:30:00 -0230' })
    const stepsOf = (timezone: string) =>
      gather(timezone, [steps]).batches.map(({ daily_metrics }) => [
        daily_metrics?.[0]?.date,
        daily_metrics?.[0]?.steps,
      ])
    expect(stepsOf('America/St_Johns')).toEqual([
      ['2026-03-28', 50],
      ['2026-03-29', 50],
    ])
    expect(stepsOf('Pacific/Kiritimati')).toEqual([['2026-03-29', 100]])
  })

  it('counts a night once, on the day it ends, from sleep rather than from time in bed', () => {
    const { batches, counts } = gather('UTC', [
      sleep('InBed', '2026-03-27 22:00:00 +0000', '2026-03-28 08:00:00 +0000'),
      sleep('AsleepCore', '2026-03-27 23:00:00 +0000', '2026-03-28 03:00:00 +0000'),
      sleep('AsleepDeep', '2026-03-28 02:30:00 +0000', '2026-03-28 04:00:00 +0000'),
      sleep('Awake', '2026-03-28 04:00:00 +0000', '2026-03-28 04:15:00 +0000'),
      sleep('AsleepREM', '2026-03-28 04:15:00 +0000', '2026-03-28 06:45:00 +0000'),
      sleep('InBed', '2026-03-28 22:00:00 +0000', '2026-03-29 06:30:00 +0000'),
      // After a night shift.
      sleep('AsleepUnspecified', '2026-03-30 08:00:00 +0000', '2026-03-30 15:30:00 +0000'),
    ])
    expect(batches.flatMap((batch) => batch.sleep)).toEqual([
      { date: '2026-03-28', hours: 7.5 },
      { date: '2026-03-29', hours: 8.5 },
      { date: '2026-03-30', hours: 7.5 },
    ])
    expect(counts).toEqual({ used: 6, duplicates: 0, unreadable: 0, ignored: 1 })
  })

  it('keeps sources apart, counts a record once that is there twice, and says what it could not use', () => {
    const { batches, counts } = gather('UTC', [
      record({}),
      record({}),
      record({ sourceName: 'Ana’s\u00a0iPhone\n' }),
      record({ sourceName: 'Ana’s\u00a0iPhone\n', value: 'many' }),
      record({ startDate: 'yesterday' }),
      record({ endDate: '2026-03-28 06:00:00 +0000' }),
      quantity('BodyMass', 'stone', '12'),
      quantity('StandTime', 'min', '5'),
    ])
    expect(batches.map(({ source, daily_metrics }) => [source, daily_metrics?.[0]?.steps])).toEqual([
      ['Ana’s iPhone', 100],
      ['Watch', 100],
    ])
    expect(counts).toEqual({ used: 2, duplicates: 1, unreadable: 4, ignored: 1 })
  })

  it('takes workouts of old and new exports, with the same id in every export', () => {
    const attributes = {
      workoutActivityType: 'HKWorkoutActivityTypeTraditionalStrengthTraining',
      sourceName: 'Watch',
      duration: '30.5',
      durationUnit: 'min',
      startDate: '2026-03-28 07:00:00 +0100',
      endDate: '2026-03-28 07:31:00 +0100',
    }
    const days = createHealthDays('UTC')
    days.workout({
      attributes: {
        ...attributes,
        totalDistance: '3.1',
        totalDistanceUnit: 'mi',
        totalEnergyBurned: '320',
        totalEnergyBurnedUnit: 'kcal',
      },
      sums: new Map(),
    })
    days.workout({
      attributes: { ...attributes, workoutActivityType: 'HKWorkoutActivityTypeCycling', duration: '' },
      sums: new Map([
        ['HKQuantityTypeIdentifierDistanceCycling', { value: '12', unit: 'km' }],
        ['HKQuantityTypeIdentifierActiveEnergyBurned', { value: '1000', unit: 'kJ' }],
      ]),
    })
    const id = expect.stringMatching(/^apple-[0-9a-f]{32}$/)
    expect(days.batches()[0]?.workouts).toEqual([
      {
        original_id: id,
        activity_type: 'traditional_strength_training',
        duration_seconds: 1830,
        distance_meters: 4989,
        calories: 320,
        start_time: '2026-03-28T06:00:00.000Z',
      },
      {
        original_id: id,
        activity_type: 'cycling',
        duration_seconds: 1860,
        distance_meters: 12_000,
        calories: 239,
        start_time: '2026-03-28T06:00:00.000Z',
      },
    ])
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
