const KEYS = 5_000

/** Decisions per second and latency of one contender: `concurrency` callers, each asking again as soon as it is answered. */
export async function measure(take, { concurrency, ms }) {
  const latencies = []
  const end = performance.now() + ms
  let next = 0
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      for (let start = performance.now(); start < end; ) {
        next += 1
        await take(`k${next % KEYS}`)
        const now = performance.now()
        latencies.push(now - start)
        start = now
      }
    }),
  )
  latencies.sort((a, b) => a - b)
  const at = (share) => latencies[Math.floor(latencies.length * share)] ?? 0
  return { perSecond: (latencies.length / ms) * 1000, p50Ms: at(0.5), p99Ms: at(0.99) }
}

/** Rounds of all contenders in turn, so that what else the machine does meets all alike; medians. */
export async function interleave(contenders, { rounds, ...options }) {
  const samples = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]))
  for (const take of Object.values(contenders)) await measure(take, { ...options, ms: 200 })
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, take] of Object.entries(contenders)) samples[name].push(await measure(take, options))
  }
  return Object.fromEntries(Object.entries(samples).map(([name, list]) => [name, toMedians(list)]))
}

function toMedians(list) {
  const median = (field) => list.map((sample) => sample[field]).sort((a, b) => a - b)[Math.floor(list.length / 2)]
  const round = (value) => Math.round(value * 1000) / 1000
  return { perSecond: Math.round(median('perSecond')), p50Ms: round(median('p50Ms')), p99Ms: round(median('p99Ms')) }
}

/** The most that is admitted in any rolling window under bursts at random moments, and how many of those that wait as told then pass. */
export async function accuracy(take, { limit, windowMs, seconds }) {
  const moments = []
  const end = performance.now() + seconds * 1000
  while (performance.now() < end) {
    const answers = await Promise.all(Array.from({ length: limit }, () => take('burst')))
    const now = performance.now()
    for (const { allowed } of answers) if (allowed) moments.push(now)
    await sleep(5 + Math.random() * 30)
  }
  const most = Math.max(
    ...moments.map((start, index) => moments.slice(index).filter((moment) => moment < start + windowMs - 2).length),
  )
  const passes = await Promise.all(
    Array.from({ length: 60 }, (_, index) => waitAsTold(take, `honest${index}`, { limit, windowMs })),
  )
  return { limit, most, passWhenTold: passes.filter(Boolean).length / passes.length }
}

async function waitAsTold(take, key, { limit, windowMs }) {
  await sleep(Math.random() * windowMs)
  for (let turn = 0; turn < limit; turn += 1) {
    await take(key)
    await sleep(Math.random() * 10)
  }
  let answer = await take(key)
  while (answer.allowed) answer = await take(key)
  // Timers may fire a little early or late; what is told is whole milliseconds.
  await sleep(Math.ceil(answer.waitMs) + 2)
  return (await take(key)).allowed
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
