import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeWith } from '../servers/index.ts'
import { buildSystem } from '../test/system/start-system.ts'
import { faults } from './nemesis.ts'
import { type Outcome, runFaults, toTable } from './run-faults.ts'
import { seededRandom } from './seeded-random.ts'
import { startTarget, type Target } from './target.ts'

describeWith(['redis', 'postgres'], 'the system under faults', () => {
  let target: Target
  let outcome: Outcome

  beforeAll(async () => {
    const built = await buildSystem()
    expect(built.code, built.output).toBe(0)
    target = await startTarget({ random: seededRandom(7) })
    outcome = await runFaults(target, faults, { holdMs: 1_200 })
    console.log(toTable(outcome.faults))
  }, 600_000)
  afterAll(() => target?.stop())

  const count = (is: (operation: Outcome['operations'][number]) => boolean) => outcome.operations.filter(is).length

  it('answers nothing wrong, nothing stale after an acknowledged write, no undeclared error, and admits no more than declared', () => {
    expect(outcome.violations).toEqual([])
  })

  it('caches again after every fault', () => {
    expect(outcome.faults.map(({ name }) => name)).toEqual(faults.map(({ name }) => name))
    expect(outcome.faults.filter(({ recoveredMs }) => recoveredMs === undefined)).toEqual([])
  })

  it('was used meanwhile: the cache hit, limits refused, some decisions were made without the store', () => {
    expect(count((one) => one.kind === 'read' && one.outcome === 'hit')).toBeGreaterThan(100)
    expect(count((one) => one.kind === 'write' && one.status === 200)).toBeGreaterThan(50)
    expect(count((one) => one.kind === 'write' && one.deliveredAt !== undefined)).toBeGreaterThan(50)
    expect(count((one) => one.kind === 'take' && one.limit === 'join' && one.status === 429)).toBeGreaterThan(0)
    expect(count((one) => one.kind === 'take' && one.limit === 'chat' && one.status === 503)).toBeGreaterThan(0)
    expect(count((one) => one.kind === 'take' && one.degraded)).toBeGreaterThan(0)
  })

  it('leaves no key that would stay for ever', () => {
    expect(outcome.keysWithoutTtl).toEqual([])
  })
})
