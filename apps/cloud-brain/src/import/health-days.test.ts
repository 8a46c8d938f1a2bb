import { describe, expect, it } from 'vitest'
import { createHealthDays } from './health-days.ts'
import type { ExportedRecord } from './read-export.ts'

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
  const on = (index: number) => `2026-03-${27 + index} 07:00:00 +0000`
  const gather = (timezone: string, records: ExportedRecord[]) => {
    const days = createHealthDays(timezone)
    for (const each of records) days.record(each)
    return { batches: days.batches(), counts: days.counts }
  }

  it('adds up, averages or takes the last, each in the unit of the API', () => {
    const later = { startDate: '2026-03-28 21:00:00 +0000', endDate: '2026-03-28 21:00:00 +0000' }
    const { batches } = gather('UTC', [
      record({ value: '100.4' }),
      record({ ...later, value: '50' }),
      quantity('ActiveEnergyBurned', 'kJ', '418.4'),
      quantity('HeartRate', 'count/min', '60'),
      quantity('HeartRate', 'count/min', '81', later),
      quantity('OxygenSaturation', '%', '0.97'),
      quantity('BodyMass', 'lb', '180', later),
      quantity('BodyMass', 'lb', '170'),
      quantity('BodyFatPercentage', '%', '0.1825'),
      quantity('VO2Max', 'mL/min·kg', '47'),
      quantity('VO2Max', 'mL/min·kg', '48', later),
      // Of one moment: what the file tells last.
      quantity('VO2Max', 'mL/min·kg', '48.5', later),
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
            vo2_max: 48.5,
            body_fat_percentage: 18.25,
          },
        ],
      },
    ])
  })

  it('takes as the last what is it by its time, whatever the order of the file, and shares out sums alone', () => {
    const at = (hour: string) => ({
      startDate: `2026-03-28 ${hour}:00:00 +0000`,
      endDate: `2026-03-28 ${hour}:00:00 +0000`,
    })
    const { batches } = gather('UTC', [
      quantity('VO2Max', 'mL/min·kg', '47', at('07')),
      quantity('VO2Max', 'mL/min·kg', '48', at('21')),
      quantity('VO2Max', 'mL/min·kg', '40', at('12')),
      quantity('HeartRate', 'count/min', '60', {
        startDate: '2026-03-28 23:50:00 +0000',
        endDate: '2026-03-29 00:10:00 +0000',
      }),
    ])
    expect(batches.map(({ daily_metrics }) => daily_metrics)).toEqual([
      [{ date: '2026-03-28', heart_rate_avg: 60, vo2_max: 48 }],
    ])
  })

  it('takes for a workout what is missing in it: minutes, its kind, a distance that nobody measured', () => {
    const days = createHealthDays('UTC')
    const [startDate, endDate] = ['2026-03-28 07:00:00 +0000', '2026-03-28 07:30:00 +0000']
    days.workout({ attributes: { sourceName: ' My\n Watch ', startDate, endDate, duration: '1.01' }, sums: new Map() })
    const [batch] = days.batches()
    expect(batch?.source).toBe('My Watch')
    expect(batch?.workouts).toStrictEqual([
      {
        original_id: expect.any(String),
        activity_type: 'other',
        duration_seconds: 61,
        calories: 0,
        start_time: '2026-03-28T07:00:00.000Z',
      },
    ])
    expect(batch?.daily_metrics).toEqual([])
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
      sleep('AsleepREM', '2026-03-28 04:15:00 +0000', '2026-03-28 06:40:00 +0000'),
      sleep('Dozing', '2026-03-28 06:40:00 +0000', '2026-03-28 07:00:00 +0000'),
      sleep('InBed', '2026-03-28 22:00:00 +0000', '2026-03-29 06:30:00 +0000'),
      // After a night shift.
      sleep('AsleepUnspecified', '2026-03-30 08:00:00 +0000', '2026-03-30 15:30:00 +0000'),
    ])
    expect(batches.flatMap((batch) => batch.sleep)).toEqual([
      { date: '2026-03-28', hours: 7.42 },
      { date: '2026-03-29', hours: 8.5 },
      { date: '2026-03-30', hours: 7.5 },
    ])
    expect(counts).toEqual({ used: 6, duplicates: 0, unreadable: 1, ignored: 1 })
  })

  it.each([
    ['2026-03-28 17:59:59 +0000', '2026-03-28'],
    ['2026-03-28 18:00:00 +0000', '2026-03-29'],
  ])('gives what ends at %s to the night of %s', (end, date) => {
    const { batches } = gather('UTC', [sleep('AsleepCore', '2026-03-28 16:00:00 +0000', end)])
    expect(batches.map((batch) => batch.sleep?.[0]?.date)).toEqual([date])
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
    days.workout({
      attributes: {
        ...attributes,
        workoutActivityType: `HKWorkoutActivityType${'Swim'.repeat(20)}`,
        duration: '30.507',
      },
      sums: new Map([
        ['HKQuantityTypeIdentifierDistanceSwimming', { value: '0.5', unit: 'km' }],
        ['HKQuantityTypeIdentifierDistanceWalkingRunning', { value: '2', unit: 'km' }],
        ['HKQuantityTypeIdentifierDistanceRowing', { value: '9', unit: 'parsec' }],
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
      {
        original_id: id,
        activity_type: 'swim_'.repeat(20).slice(0, 64),
        duration_seconds: 1830,
        distance_meters: 2000,
        calories: 0,
        start_time: '2026-03-28T06:00:00.000Z',
      },
    ])
  })

  it('orders the days of a source, and leaves out those before the first that is wanted, with their workouts and nights', () => {
    const days = createHealthDays('UTC', { since: '2026-03-28' })
    const run = (startDate: string, endDate = startDate) =>
      days.workout({
        attributes: { workoutActivityType: 'HKWorkoutActivityTypeRunning', sourceName: 'Watch', startDate, endDate },
        sums: new Map(),
      })
    for (const index of [2, 1, 0]) {
      days.record(record({ startDate: on(index), endDate: on(index) }))
      days.record(sleep('AsleepCore', on(index), on(index)))
      run(on(index))
    }
    run('yesterday')
    run(on(2), 'tomorrow')
    run(on(2), on(1))
    expect(
      days.batches().map(({ daily_metrics, workouts, sleep }) => [daily_metrics, workouts?.length, sleep]),
    ).toEqual(['2026-03-28', '2026-03-29'].map((date) => [[{ date, steps: 100 }], 1, [{ date, hours: 0 }]]))
    expect(days.counts).toEqual({ used: 9, duplicates: 0, unreadable: 3, ignored: 0 })
  })

  it.each([
    ['\n Ana’s\u00a0 \tWatch ', 'Ana’s Watch'],
    ['\u{1f3c3}'.repeat(40), '\u{1f3c3}'.repeat(32)],
    [`${'x'.repeat(31)} watch`, 'x'.repeat(31)],
    [' \u0000 ', 'apple_health'],
  ])('calls the source %j what the API takes as one: %j', (sourceName, source) => {
    expect(gather('UTC', [record({ sourceName })]).batches.map((batch) => batch.source)).toEqual([source])
  })

  it.each([
    ['days', { days: 2 }, (index: number) => record({ sourceName: `Watch ${index}` })],
    ['days', { days: 2 }, (index: number) => record({ startDate: on(index), endDate: on(index) })],
    ['sleep stages', { sleepStages: 2 }, (index: number) => sleep('AsleepCore', on(index), on(index))],
  ])('refuses an export with more %s than it holds, %j, unless what is older is left out', (what, most, recordOf) => {
    const take = (count: number, since?: string) => {
      const days = createHealthDays('UTC', { since, most })
      for (let index = 0; index < count; index += 1) days.record(recordOf(index))
      return days.batches().length
    }
    expect(take(2)).toBe(2)
    expect(() => take(3)).toThrow(
      `Cannot import: the export has more than 2 ${what} over all sources; take some with --since`,
    )
    expect(take(3, '2026-03-29')).toBeLessThan(3)
  })

  it('refuses an export with more workouts than it holds', () => {
    const days = createHealthDays('UTC', { most: { workouts: 1 } })
    const run = (startDate: string) => ({
      attributes: { workoutActivityType: 'HKWorkoutActivityTypeRunning', startDate, endDate: startDate },
      sums: new Map(),
    })
    days.workout(run(on(0)))
    days.workout(run(on(0)))
    expect(() => days.workout(run(on(1)))).toThrow('the export has more than 1 workouts over all sources')
  })
})
