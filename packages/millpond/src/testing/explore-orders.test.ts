import { expect, test } from 'vitest'
import { exploreOrders, replayOrder } from './explore-orders.ts'
import type { OrderError, Scenario } from './run-order.ts'
import type { Stage } from './stage.ts'

/** Two that read a counter and write it back one higher. */
function countTwice(atEnd: (count: number) => void): Scenario {
  return (stage) => {
    let count = 0
    const increment = (name: string) => async () => {
      const seen = await stage.step(`${name} reads`, () => count, { reads: ['count'] })
      await stage.step(
        `${name} writes`,
        () => {
          count = seen + 1
        },
        { writes: ['count'] },
      )
    }
    return { actors: { a: increment('a'), b: increment('b') }, atEnd: () => atEnd(count) }
  }
}

/** Actors whose steps are only noted. */
function note(steps: Record<string, readonly string[]>, seen: string[], touches: boolean): Scenario {
  return (stage) => {
    const order: string[] = []
    const actor = (name: string, labels: readonly string[]) => async () => {
      for (const label of labels) {
        await stage.step(label, () => void order.push(label), touches ? { writes: [name] } : undefined)
      }
    }
    const actors = Object.fromEntries(Object.entries(steps).map(([name, labels]) => [name, actor(name, labels)]))
    return { actors, atEnd: () => void seen.push(order.join('')) }
  }
}

test('exploreOrders() runs every order of the steps, each once', async () => {
  const seen: string[] = []
  const steps = { lower: ['a', 'b'], upper: ['A', 'B'], digit: ['1'] }
  expect(await exploreOrders(note(steps, seen, false))).toEqual({ orders: 30, givenUp: 0, longest: 5 })
  expect(new Set(seen).size).toBe(30)
})

test('exploreOrders() goes depth first, always in the same sequence', async () => {
  const seen: string[] = []
  await exploreOrders(note({ lower: ['a', 'b'], upper: ['A', 'B'] }, seen, false))
  expect(seen).toEqual(['aAbB', 'aABb', 'abAB', 'AaBb', 'AabB', 'ABab'])
})

test('exploreOrders() counts what it gives up half way', async () => {
  expect(await exploreOrders(note({ a: ['1', '2'], b: ['3'], c: ['4'] }, [], true))).toEqual({
    orders: 1,
    givenUp: 5,
    longest: 4,
  })
})

test('exploreOrders() runs one order where steps touch nothing in common', async () => {
  const seen: string[] = []
  const { orders } = await exploreOrders(note({ lower: ['a', 'b'], upper: ['A', 'B'] }, seen, true))
  expect([orders, seen]).toEqual([1, ['aAbB']])
})

test('exploreOrders() reaches every outcome that is reached without naming what steps touch', async () => {
  const outcomes = async (named: boolean) => {
    const seen = new Set<string>()
    const scenario: Scenario = (stage) => {
      const cells: Record<string, string> = { x: '', y: '', z: '' }
      const actor = (name: string, plan: readonly string[]) => async () => {
        for (const [index, cell] of plan.entries()) {
          const touches = named ? { writes: [cell] } : undefined
          const write = () => {
            cells[cell] += name
          }
          await stage.step(`${name}${index}`, write, touches)
        }
      }
      const actors = { a: actor('a', ['x', 'y', 'z']), b: actor('b', ['z', 'x']), c: actor('c', ['y', 'z']) }
      return { actors, atEnd: () => void seen.add(JSON.stringify(cells)) }
    }
    return { ...(await exploreOrders(scenario)), seen: [...seen].sort() }
  }
  const [named, all] = [await outcomes(true), await outcomes(false)]
  expect(named.seen).toEqual(all.seen)
  expect(all.orders).toBe(210)
  expect(named.orders).toBe(all.seen.length)
})

test('exploreOrders() finds the order that fails, and replayOrder() runs it again', async () => {
  const scenario = countTwice((count) => {
    if (count !== 2) throw new RangeError(`counted ${count}`)
  })
  const error = (await exploreOrders(scenario).catch((thrown: unknown) => thrown)) as OrderError
  expect(error).toMatchObject({ name: 'OrderError', code: 'ERR_ORDER', cause: new RangeError('counted 1') })
  expect(error.trace.slice(0, 2).toSorted()).toEqual(['a reads', 'b reads'])
  expect(error.message).toBe(
    `Cannot run this order: counted 1\n${error.trace.map((label) => `  "${label}",`).join('\n')}`,
  )
  await expect(replayOrder(scenario, error.trace)).rejects.toMatchObject({ trace: error.trace })
  expect(await replayOrder(scenario, ['b reads', 'b writes'])).toEqual(['b reads', 'b writes', 'a reads', 'a writes'])
})

test('replayOrder() says what may come when the trace is not of the scenario', async () => {
  await expect(
    replayOrder(
      countTwice(() => {}),
      ['a reads', 'c reads'],
    ),
  ).rejects.toThrow('Cannot run this order: "c reads" must come next, but only "b reads", "a writes" may\n  "a reads",')
})

test('exploreOrders() goes on with a loop that polls at each moment that it could see a change, and ends it', async () => {
  const polls: number[] = []
  const scenario: Scenario = (stage) => {
    let [done, looks] = [false, 0]
    const poll = async () => {
      while (!done) {
        await stage.pause('poll', { reads: ['done'] })
        looks += 1
      }
    }
    const work = async () => {
      await stage.step('unrelated', () => {}, { writes: ['other'] })
      const finish = () => {
        done = true
      }
      await stage.step('done', finish, { writes: ['done'] })
    }
    return { actors: { poll, work }, atEnd: () => void polls.push(looks) }
  }
  await exploreOrders(scenario)
  expect(polls).toEqual([1])
})

test.each([
  ['writes what it reads', { writes: ['x'] }, [1, 2]],
  ['may touch everything', undefined, [1, 2]],
  ['writes something else', { writes: ['y'] }, [2]],
  ['only reads', { reads: ['x'] }, [2]],
] as const)('exploreOrders() ends a pause after a step that %s, at each such moment', async (_, touches, moments) => {
  const seen = new Set<number>()
  await exploreOrders((stage) => {
    let x = 0
    const poll = async () => {
      await stage.pause('poll', { reads: ['x'] })
      seen.add(x)
    }
    const work = async () => {
      for (const value of [1, 2]) {
        const write = () => {
          x = value
        }
        await stage.step(`write ${value}`, write, touches)
      }
    }
    return { actors: { poll, work } }
  })
  expect([...seen].sort()).toEqual(moments)
})

test.each<[string, Scenario, string]>([
  [
    'an actor rejects',
    (stage) => ({
      actors: { alice: () => stage.step('falls', () => Promise.reject(new TypeError('no'))) },
    }),
    'alice failed: no\n  "falls",',
  ],
  [
    'an actor throws at once',
    () => ({
      actors: {
        alice: () => {
          throw new TypeError('no')
        },
      },
    }),
    'alice failed: no\n',
  ],
  [
    'an actor waits for something that is no step',
    () => ({ actors: { alice: () => new Promise(() => {}) } }),
    'alice must wait for nothing but steps\n',
  ],
  [
    'what must hold after each step does not',
    (stage) => ({
      actors: { alice: async () => void (await stage.step('one', () => {})) },
      afterStep: (label) => {
        throw new RangeError(`wrong after ${label}`)
      },
    }),
    'wrong after one\n  "one",',
  ],
  [
    'it does not end',
    (stage) => ({ actors: { alice: () => forever(stage) } }),
    'it must end within 3 steps\n  "again",\n  "again 2",\n  "again 3",',
  ],
])('exploreOrders() fails when %s', async (_, scenario, message) => {
  const worlds: string[] = []
  const closing: Scenario = async (stage, lane) => {
    worlds.push('made')
    return { ...(await scenario(stage, lane)), close: () => void worlds.push('closed') }
  }
  await expect(exploreOrders(closing, { maxSteps: 3 })).rejects.toThrow(`Cannot run this order: ${message}`)
  expect(worlds).toEqual(['made', 'closed'])
})

async function forever(stage: Stage): Promise<void> {
  for (;;) await stage.step('again', () => {})
}

test('exploreOrders() refuses more orders than allowed', async () => {
  await expect(exploreOrders(note({ a: ['1', '2'], b: ['3', '4'] }, [], false), { maxOrders: 5 })).rejects.toThrow(
    new RangeError('Cannot explore: there must be at most 5 orders'),
  )
})

test('exploreOrders() takes exactly as many orders as allowed', async () => {
  const scenario = note({ a: ['1', '2'], b: ['3', '4'] }, [], false)
  expect((await exploreOrders(scenario, { maxOrders: 6 })).orders).toBe(6)
})

test('exploreOrders() takes exactly as many steps as allowed', async () => {
  expect((await exploreOrders(note({ a: ['1', '2', '3'] }, [], false), { maxSteps: 3 })).longest).toBe(3)
})

test('exploreOrders() waits for each check that takes time, and for a world to be closed', async () => {
  const later = () => new Promise((resolve) => setTimeout(resolve, 1))
  const seen: string[] = []
  const say = (what: string) => async () => {
    await later()
    seen.push(what)
  }
  await exploreOrders((stage) => ({
    actors: { alice: () => stage.step('one', say('step')), bob: () => stage.step('two', say('step')) },
    afterStep: (label) => say(`after ${label}`)(),
    atEnd: say('end'),
    close: say('closed'),
  }))
  const order = (first: string, second: string) => [
    'step',
    `after ${first}`,
    'step',
    `after ${second}`,
    'end',
    'closed',
  ]
  expect(seen).toEqual([...order('one', 'two'), ...order('two', 'one')])
})

test('exploreOrders() runs no further order once one has failed', async () => {
  let worlds = 0
  const scenario = countTwice(() => {
    throw new RangeError('wrong')
  })
  const counted: Scenario = (...args) => {
    worlds += 1
    return scenario(...args)
  }
  await expect(exploreOrders(counted)).rejects.toThrow('wrong')
  expect(worlds).toBe(1)
})

test.each([
  [{ lanes: 0 }, '"lanes" must be an integer >= 1, received 0'],
  [{ maxOrders: Number.NaN }, '"maxOrders" must be an integer >= 1, received NaN'],
  [{ maxSteps: 0.5 }, '"maxSteps" must be an integer >= 1, received 0.5'],
])('exploreOrders() with %j, by which it would find nothing, throws', async (options, rule) => {
  const fails: Scenario = () => {
    throw new TypeError('was run')
  }
  await expect(exploreOrders(fails, options)).rejects.toThrow(new RangeError(`Cannot explore: ${rule}`))
  if ('maxSteps' in options) await expect(replayOrder(fails, [], options)).rejects.toThrow(`Cannot replay: ${rule}`)
})

test('exploreOrders() gives what a scenario that cannot be made throws', async () => {
  const scenario = () => Promise.reject(new TypeError('no server'))
  await expect(exploreOrders(scenario)).rejects.toThrow(new TypeError('no server'))
})

test('exploreOrders() runs orders at the same time in lanes, and closes each world', async () => {
  const seen: string[] = []
  const lanes = new Map<number, number>()
  const scenario = note({ lower: ['a', 'b', 'c'], upper: ['A', 'B', 'C'] }, seen, false)
  const { orders } = await exploreOrders(
    async (stage, lane) => {
      expect(lanes.get(lane) ?? 0).toBe(0)
      lanes.set(lane, 1)
      const scene = await scenario(stage, lane)
      return { ...scene, close: () => void lanes.set(lane, 0) }
    },
    { lanes: 4 },
  )
  expect([orders, new Set(seen).size, lanes.size]).toEqual([20, 20, 4])
})

test.each([
  [{ reads: ['x'] }, { reads: ['x'] }, 1],
  [{ reads: ['x'] }, { writes: ['x'] }, 2],
  [{ writes: ['x'] }, { reads: ['x'] }, 2],
  [{ writes: ['x'] }, { writes: ['x'] }, 2],
  [{ writes: ['x'] }, { writes: ['y'], reads: ['z'] }, 1],
  [{}, undefined, 2],
  [undefined, {}, 2],
  [{}, {}, 1],
] as const)('exploreOrders() runs two steps that touch %j and %j in %d orders', async (first, second, orders) => {
  const scenario: Scenario = (stage) => ({
    actors: { alice: () => stage.step('one', () => {}, first), bob: () => stage.step('two', () => {}, second) },
  })
  expect((await exploreOrders(scenario)).orders).toBe(orders)
})
