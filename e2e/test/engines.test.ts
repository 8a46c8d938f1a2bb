import { Redis } from 'ioredis'
import { describeEngines, findEngines, isAtLeast, startRedis } from 'millpond-e2e/servers'
import { describe, expect, it } from 'vitest'

describe('isAtLeast()', () => {
  const engine = { name: 'redis 7.2.1', kind: 'redis', version: [7, 2], path: '', cliPath: undefined } as const
  it.each([
    [[6, 9], true],
    [[7, 0], true],
    [[7, 2], true],
    [[7, 4], false],
    [[8, 0], false],
  ] as const)('isAtLeast() compares 7.2 with %j', (version, expected) => {
    expect(isAtLeast(engine, version)).toBe(expected)
  })
})

describe('findEngines()', () => {
  it('findEngines() names each engine once, oldest first', () => {
    const names = findEngines().map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    const majors = findEngines().map(({ version: [major] }) => major)
    expect(majors).toEqual([...majors].sort((a, b) => a - b))
  })
})

describeEngines(
  'startRedis()',
  (engine) => {
    it('startRedis() starts the engine it is given', async () => {
      const server = await startRedis({ engine })
      const client = new Redis(server.url)
      const info = await client.info('server')
      client.disconnect()
      await server.stop()
      const [, kind = 'redis', version] = /(valkey|redis)_version:([\d.]+)\r\n(?!.*valkey_version)/s.exec(info) ?? []
      expect(`${kind} ${version}`).toBe(engine.name)
    })
  },
  [6, 0],
)
