import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { type AddressProfile, clientAddress } from '../src/http/client-address.ts'
import { toHeaders } from '../src/http/node-response.ts'
import { trustedProxies } from '../src/http/trusted-proxies.ts'
import { createLimiter, slidingWindow } from '../src/index.ts'
import { limitRequests } from '../src/integrations/express.ts'
import { memory } from '../src/stores/memory/index.ts'
import { createFakeClock } from '../src/testing/fake-clock.ts'
import { addsLine, appends, MAX_HEADER_BYTES, sets, startProxy, type WriteAddress } from './faults/appending-proxy.ts'

const LIMIT = 10
/** Clients have addresses of their own on this machine, our proxies others. */
const ATTACKER = '127.0.0.5'
const VICTIM = '127.0.0.6'
const OURS = '127.1.0.0/16'

/** Where something, somewhere, reads an address from. */
const NAMES = [
  'X-Forwarded-For',
  'X-Real-IP',
  'CF-Connecting-IP',
  'X-Vercel-Forwarded-For',
  'Forwarded',
  'True-Client-IP',
  'X-Client-IP',
  'X_Forwarded_For',
]

/** What a client writes there in its nth request: the values of one header, two where it is doubled. */
const forgeries: Record<string, (nth: number) => readonly string[]> = {
  'an address': (nth) => [`203.0.113.${nth}`],
  'two headers': (nth) => [`203.0.113.${nth}`, `198.51.100.${nth}`],
  'a chain that ends in our own proxies': (nth) => [`203.0.113.${nth}, 127.1.0.1, 127.1.0.2`],
  'a very long chain': (nth) => [`${`203.0.113.${nth}, `.repeat(500)}198.51.100.${nth}`],
  'a very long word': (nth) => [`${nth}`.repeat(8_000)],
  'IPv4 mapped into IPv6': (nth) => [`::ffff:203.0.113.${nth}`],
  'IPv4 mapped into IPv6, in hexadecimal': (nth) => [`::ffff:cb00:71${nth.toString(16).padStart(2, '0')}`],
  'an address with a zone': (nth) => [`fe80::${nth}%eth${nth}`],
  'another /64': (nth) => [`2001:db8:0:${nth}::1`],
  'an address with a port': (nth) => [`203.0.113.${nth}:4711`],
  'brackets and a port': (nth) => [`[2001:db8:0:${nth}::1]:443`],
  'the syntax of Forwarded': (nth) => [`for="[2001:db8:0:${nth}::1]:443";proto=https;by=127.1.0.1`],
  'octal and short notations': (nth) => [`0313.0.113.${nth}, 2130706433, 0x7f.${nth}`],
  'somebody else’s address': () => [VICTIM],
  'the loopback address': () => ['127.0.0.1, ::1, localhost'],
  'nothing at all': () => ['', ' , ,,'],
  'what is no address': (nth) => ['unknown', `_hidden${nth}`, '\t"'],
}

/** A deployment: its profile, and what stands in front, the outermost first. */
interface Deployment {
  readonly profile: AddressProfile
  readonly proxies: readonly WriteAddress[]
}

const trusted = trustedProxies([OURS])
const deployments: Record<string, Deployment> = {
  'nothing in front': { profile: 'socket', proxies: [] },
  Vercel: { profile: 'vercel', proxies: [sets('x-vercel-forwarded-for')] },
  Cloudflare: { profile: 'cloudflare', proxies: [sets('cf-connecting-ip')] },
  'one proxy that appends': { profile: { proxies: 1 }, proxies: [appends] },
  'one proxy that adds a line': { profile: { proxies: 1 }, proxies: [addsLine] },
  'two proxies': { profile: { proxies: 2 }, proxies: [addsLine, appends] },
  'one proxy of a trusted network': { profile: trusted, proxies: [appends] },
  'three proxies of a trusted network': { profile: trusted, proxies: [appends, addsLine, appends] },
  'a trusted network that is gone around': { profile: trusted, proxies: [] },
}

// Only there has a machine all of 127.0.0.0/8 without being told.
const hasManyAddresses = process.platform === 'linux' || process.platform === 'win32'

describe.skipIf(!hasManyAddresses).each(Object.entries(deployments))(
  'clientAddress() behind %s',
  (_, { profile, proxies }) => {
    const closers: (() => Promise<void>)[] = []
    afterEach(async () => {
      for (const close of closers.splice(0)) await close()
    })

    async function start() {
      const clock = createFakeClock()
      const limiter = createLimiter({
        store: memory({ clock }),
        clock,
        policies: { address: slidingWindow({ limit: LIMIT, window: '60s', onUnavailable: 'closed' }) },
      })
      const limit = limitRequests(limiter, (asked) => {
        const source = { headers: toHeaders(asked), socketAddress: asked.socket.remoteAddress }
        return { policy: 'address', key: clientAddress(source, { profile }).address }
      })
      const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (incoming, outgoing) => {
        void limit(incoming, outgoing, () => outgoing.end())
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      closers.push(() => new Promise((resolve) => server.close(() => resolve())))
      let { port } = server.address() as AddressInfo
      for (const [hop, write] of [...proxies].reverse().entries()) {
        const proxy = await startProxy({ target: port, address: `127.1.0.${hop + 1}`, write })
        closers.unshift(proxy.close)
        port = proxy.port
      }
      /** The status that a request from this address got. */
      return (from: string, lines: readonly string[]) =>
        new Promise<number | undefined>((resolve, reject) => {
          const headers = ['Host', 'site.test', ...lines]
          const sent = request({ host: '127.0.0.1', port, localAddress: from, headers }, (answer) => {
            answer.resume().on('end', () => resolve(answer.statusCode))
          })
          sent.on('error', reject).end()
        })
    }

    const admitted = (statuses: readonly (number | undefined)[]) =>
      statuses.map((status, nth) => (status === 200 ? nth : status)).filter((status) => status !== 429)
    const first = Array.from({ length: LIMIT }, (_, nth) => nth)

    test('a client that writes all these headers anew for each request gets exactly the limit, and nobody else less', async () => {
      const ask = await start()
      const statuses: (number | undefined)[] = []
      for (let turn = 0; turn < 5; turn += 1) {
        for (const forge of Object.values(forgeries)) {
          const values = forge(statuses.length + 1)
          statuses.push(
            await ask(
              ATTACKER,
              NAMES.flatMap((name) => values.flatMap((value) => [name, value])),
            ),
          )
        }
      }
      expect(statuses).toHaveLength(5 * Object.keys(forgeries).length)
      expect(admitted(statuses)).toEqual(first)
      const honest: (number | undefined)[] = []
      for (let nth = 0; nth < LIMIT + 2; nth += 1) honest.push(await ask(VICTIM, []))
      expect(admitted(honest)).toEqual(first)
    })

    test.each(Object.entries(forgeries))(
      '%s in one header after the other gives no more than the limit',
      async (_name, forge) => {
        const ask = await start()
        const statuses: (number | undefined)[] = []
        for (const name of [...NAMES, ...NAMES]) {
          statuses.push(
            await ask(
              ATTACKER,
              forge(statuses.length + 1).flatMap((value) => [name, value]),
            ),
          )
        }
        expect(admitted(statuses)).toEqual(first)
      },
    )
  },
)
