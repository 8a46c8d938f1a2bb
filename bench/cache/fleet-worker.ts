/** A process of the fleet: opens a contender, says so, and when told reads one entry `reads` times at once. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { all } from './contenders.ts'

const [name = '', url = '', originUrl = '', reads = '0'] = process.argv.slice(2)
const origin = new Redis(originUrl)
const load = async () => {
  await origin.incr('loads')
  await sleep(200)
  return { value: 1 }
}
const cached = all.find((contender) => contender.name === name)?.open({ url, load })
await cached?.get('warm')
process.once('message', async () => {
  await Promise.all(Array.from({ length: Number(reads) }, () => cached?.get('cold')))
  process.send?.('done')
})
process.send?.('ready')
