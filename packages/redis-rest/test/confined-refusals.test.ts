import { describeEngines, type StartedRedis, startRedis } from 'millpond-e2e/servers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createAclUser } from '../src/engine/acl-user.ts'
import { createServer, type RestServer } from '../src/index.ts'
import { request } from './request.ts'

describeEngines('what Redis refuses to the user of a token with a prefix', (engine) => {
  let redis: StartedRedis
  let server: RestServer

  beforeAll(async () => {
    redis = await startRedis({ engine })
    server = await createServer({ redis: redis.url, token: ['full', { token: 'confined', prefix: 'o:' }] })
  })
  afterAll(async () => {
    await server?.close()
    await redis?.stop()
  })

  const ask = async (path: string, body: unknown, headers = {}): Promise<string> =>
    (await request(server, path, { token: 'confined', body: JSON.stringify(body), headers })).text

  const refused = "return redis.call('SCAN', '0')"
  const evaluate = (script: string): (string | number)[] => ['EVAL', script, 0]
  /** As Redis words it up to 7.0, and since then. */
  const inScript =
    /(The user executing the script can't run this command|this user has no permissions to run the 'scan')/
  it.each([
    ['alone', () => ask('/', evaluate(refused))],
    ['caught', () => ask('/', evaluate("return redis.pcall('SCAN', '0')"))],
    ['inside an array', () => ask('/', evaluate("return {'a', {redis.pcall('SCAN', '0')}, 1}"))],
    ['in format resp2', () => ask('/', evaluate(refused), { 'upstash-response-format': 'resp2' })],
    ['in a pipeline', () => ask('/pipeline', [['PING'], evaluate(refused)])],
    ['in a transaction', () => ask('/multi-exec', [['PING'], evaluate(refused)])],
  ])('a refusal %s does not name that user', async (_, answer) => {
    const text = await answer()
    expect(text).toMatch(inScript)
    // As itself, not as the text of a result; inside an array it is a text.
    expect(text).toMatch(/("error":"|^-)ERR|^\{"result":\[/)
    expect(text).not.toContain('millpond-rest-')
  })

  it.each([
    ['sort', ['SORT', 'k']],
    ['copy', ['COPY', 'k', 'l']],
    ['keys', ['KEYS', '*']],
    ['scan', ['SCAN', 0]],
    ['pfmerge', ['PFMERGE', 'k', 'l']],
  ])('%s in a transaction that holds a script is refused, with that reason', async (name, row) => {
    expect(await ask('/multi-exec', [row, evaluate('return 1')])).toBe(
      `{"error":"EXECABORT Transaction discarded because of: NOPERM this token has no permissions to run the '${name}' command in a transaction that holds a script"}`,
    )
  })

  it('RESTORE may be in a script, and beside one in a transaction', async () => {
    const copy = "return redis.call('RESTORE', KEYS[2], 0, redis.call('DUMP', KEYS[1]))"
    const rows = [
      ['SET', 'k', 'v'],
      ['EVAL', copy, 2, 'k', 'l'],
      ['RESTORE', 'm', 0, 'x'],
      ['GET', 'l'],
    ]
    expect(await ask('/multi-exec', rows)).toBe(
      '[{"result":"OK"},{"result":"OK"},{"error":"ERR DUMP payload version or checksum are wrong"},{"result":"v"}]',
    )
  })

  it('a value that names it stays as it is', async () => {
    const { name } = createAclUser({ token: 'confined', prefix: 'o:' })
    const script = 'return {ARGV[1], redis.pcall(ARGV[2], 0)}'
    const text = `User ${name} has`
    expect(await ask('/', ['EVAL', script, 0, text, 'SCAN'])).toContain(`["${text}","ERR `)
  })
})
