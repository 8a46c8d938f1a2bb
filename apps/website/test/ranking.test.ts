import fc from 'fast-check'
import { describeWith } from 'millpond-e2e/servers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { referralCodes, referrals, signups, waitlistCounter } from '../src/db/schema.ts'
import { confirmSignup } from '../src/waitlist/confirm.ts'
import { readLeaderboard } from '../src/waitlist/leaderboard.ts'
import { readPersonStatus, readRanking } from '../src/waitlist/ranking.ts'
import { removeSignup, reverseReferral } from '../src/waitlist/remove.ts'
import { readWaitlistStats } from '../src/waitlist/stats.ts'
import { type OpenedDatabase, openPglite, openPostgres } from './open-databases.ts'

const now = new Date('2026-11-01T12:00:00Z')
const size = 45

const idOf = (nth: number): string => `00000000-0000-4000-8000-${String(nth).padStart(12, '0')}`

const anybody = fc.shuffledSubarray(Array.from({ length: size }, (_, nth) => nth))

/**
 * `friendOf[n]` brought person n, when it names somebody else; `order` is who confirms when, some more than once. Then the friends
 * in `reversed` are taken back and the people in `left` leave, some of them both.
 */
const history = fc.record({
  friendOf: fc.array(fc.integer({ min: 0, max: 12 }), { minLength: size, maxLength: size }),
  order: fc
    .shuffledSubarray(Array.from({ length: size }, (_, nth) => nth))
    .chain((people) => fc.array(fc.nat({ max: people.length }), { maxLength: 20 }).map((again) => ({ people, again })))
    .map(({ people, again }) => [...people, ...again.flatMap((index) => people[index] ?? [])]),
  reversed: anybody.map((people) => people.slice(0, 12)),
  left: anybody.map((people) => people.slice(0, 12)),
})

/** The rules once more, in the plainest words. */
function expectedRanking(told: {
  friendOf: readonly number[]
  order: readonly number[]
  reversed?: readonly number[]
  left?: readonly number[]
}) {
  const { friendOf, order, reversed = [], left = [] } = told
  const confirmed = [...new Set(order)].map((nth, index) => ({ nth, seq: index + 1 }))
  const present = confirmed.filter(({ nth }) => !left.includes(nth))
  const counts = present.filter(({ nth }) => !reversed.includes(nth))
  const people = present.map(({ nth, seq }) => {
    const friends = counts.filter((other) => other.nth !== nth && friendOf[other.nth] === nth).length
    return { id: idOf(nth), seq, friends }
  })
  const score = (person: { seq: number; friends: number }) => person.seq - 5 * person.friends
  people.sort((a, b) => score(a) - score(b) || b.friends - a.friends || a.seq - b.seq)
  return people.map((person, index) => ({ ...person, place: index + 1 }))
}

function rankingTests(open: () => Promise<OpenedDatabase>, runs: number): void {
  let opened: OpenedDatabase
  beforeAll(async () => {
    opened = await open()
  })
  afterAll(() => opened?.close())

  async function fill(friendOf: readonly number[]): Promise<void> {
    const { db } = opened.database
    await db.delete(signups)
    await db.update(waitlistCounter).set({ confirmed: 0 })
    await db.insert(signups).values(friendOf.map((_, nth) => ({ id: idOf(nth), email: `${nth}@x.org` })))
    const brought = friendOf.flatMap((friend, nth) =>
      friend === nth ? [] : [{ referredId: idOf(nth), referrerId: idOf(friend) }],
    )
    if (brought.length > 0) await db.insert(referrals).values(brought)
  }

  it('readRanking() follows the rules, without a gap, whoever confirms when and how often, is reversed or leaves', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (told) => {
        const { db } = opened.database
        await fill(told.friendOf)
        for (const nth of told.order) await confirmSignup(db, idOf(nth), now)
        for (const nth of told.reversed) await reverseReferral(db, idOf(nth), now)
        for (const nth of told.left) await removeSignup(db, idOf(nth))
        const ranking = await readRanking(db)
        expect(ranking.map(({ display_name: _, ...row }) => row)).toEqual(expectedRanking(told))
      }),
      { numRuns: runs },
    )
  })

  it('gives the same ranking of the same numbers when confirmations come all at once', async () => {
    const { db } = opened.database
    const friendOf = Array.from({ length: size }, (_, nth) => nth % 7)
    await fill(friendOf)
    await Promise.all(friendOf.flatMap((_, nth) => [1, 2, 3].map(() => confirmSignup(db, idOf(nth), now))))
    const ranking = await readRanking(db)
    const order = ranking.toSorted((a, b) => a.seq - b.seq).map(({ id }) => Number(id.slice(-12)))
    expect(ranking.map(({ display_name: _, ...row }) => row)).toEqual(expectedRanking({ friendOf, order }))
    await db.insert(referralCodes).values(order.map((nth) => ({ code: `AAAAAA${nth + 10}`, signupId: idOf(nth) })))
    const tiers = await Promise.all(order.map(async (nth) => (await readPersonStatus(db, idOf(nth)))?.tier))
    expect(tiers).toEqual(order.map((_, index) => (index < 30 ? 'founding' : 'early')))
  })

  it('readLeaderboard() and readPersonStatus() say the same of a person, and nothing of one who did not confirm', async () => {
    const { db } = opened.database
    // The last two of number 0's friends have not confirmed, and one of these is taken back.
    await fill([0, 0, 0, 1, 4, 0, 0])
    await reverseReferral(db, idOf(6), now)
    await db.insert(referralCodes).values([0, 1, 4].map((nth) => ({ code: `AAAAAAA${nth + 2}`, signupId: idOf(nth) })))
    // Of the codes of one person the first stays theirs, and of two of one moment always the same.
    const earlier = ['ZZZZZZZZ', 'YYYYYYYY'].map((code) => ({ code, signupId: idOf(0), createdAt: new Date(0) }))
    await db.insert(referralCodes).values(earlier)
    for (const nth of [3, 1, 0, 2]) await confirmSignup(db, idOf(nth), now)
    const secret = 's'.repeat(32)
    const board = await readLeaderboard(db, secret)
    expect(board.map(({ display_name: _, ...row }) => row)).toEqual([
      { rank: 1, referral_count: 2, queue_position: 1 },
      { rank: 2, referral_count: 1, queue_position: 2 },
    ])
    expect(await readPersonStatus(db, idOf(0))).toEqual({
      position: 1,
      totalSignups: 4,
      tier: 'founding',
      referralCode: 'YYYYYYYY',
      referralCount: 2,
      pendingReferrals: 1,
      displayName: null,
    })
    expect(await readPersonStatus(db, idOf(4))).toBeUndefined()
    expect(await confirmSignup(db, idOf(99), now)).toEqual({ status: 'gone' })
  })

  it('readPersonStatus() calls the first thirty to confirm founding members, wherever they stand later', async () => {
    const { db } = opened.database
    // Number 30 brings number 31, and passes five.
    const friendOf = Array.from({ length: 32 }, (_, nth) => (nth === 31 ? 30 : nth))
    await fill(friendOf)
    await db.insert(referralCodes).values([29, 30].map((nth) => ({ code: `AAAAAA${nth}`, signupId: idOf(nth) })))
    for (const nth of friendOf.keys()) await confirmSignup(db, idOf(nth), now)
    const [last, next] = [await readPersonStatus(db, idOf(29)), await readPersonStatus(db, idOf(30))]
    expect([last?.position, last?.tier, next?.position, next?.tier]).toEqual([31, 'founding', 26, 'early'])
  })

  it('readWaitlistStats() counts as referrals who was brought, has confirmed, is there and was not taken back', async () => {
    const { db } = opened.database
    await fill([0, 0, 0, 0])
    for (const nth of [1, 2]) await confirmSignup(db, idOf(nth), now)
    const stats = { totalSignups: 4, foundingMembersLeft: 28, totalReferrals: 2 }
    expect(await readWaitlistStats(db)).toEqual(stats)
    expect([await reverseReferral(db, idOf(2), now), await reverseReferral(db, idOf(2), now)]).toEqual([true, false])
    expect(await readWaitlistStats(db)).toEqual({ ...stats, totalReferrals: 1 })
    expect([await removeSignup(db, idOf(1)), await removeSignup(db, idOf(1))]).toEqual([true, false])
    expect(await readWaitlistStats(db)).toEqual({ ...stats, totalSignups: 3, totalReferrals: 0 })
  })

  it('readLeaderboard() shows the ten who brought the most, of equals who stands further in front', async () => {
    const { db } = opened.database
    // Twelve bring one friend each, and number 7 another one.
    const friendOf = Array.from({ length: 25 }, (_, nth) => (nth < 12 ? nth : nth === 24 ? 7 : nth - 12))
    await fill(friendOf)
    const order = friendOf.map((_, nth) => (nth * 11) % friendOf.length)
    for (const nth of order) await confirmSignup(db, idOf(nth), now)
    const board = await readLeaderboard(db, 's'.repeat(32))
    const best = expectedRanking({ friendOf, order })
      .filter(({ friends }) => friends > 0)
      .sort((a, b) => b.friends - a.friends || a.place - b.place)
      .slice(0, 10)
    expect(board.map(({ display_name: _, ...row }) => row)).toEqual(
      best.map(({ friends, place }, index) => ({ rank: index + 1, referral_count: friends, queue_position: place })),
    )
  })
}

describe('the ranking in PGlite', () => rankingTests(openPglite, 8))

describeWith('postgres', 'the ranking in PostgreSQL', () => rankingTests(openPostgres, 25))
