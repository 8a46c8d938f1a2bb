import { randomInt } from 'node:crypto'

/** 31 signs that cannot be taken for one another: no 0, O, 1, I, L. */
const alphabet = '23456789ABCDEFGHJKMNPQRSTUVWXYZ'
const length = 8

export const referralCodePattern = /^[2-9A-HJKMNP-Z]{8}$/

/** About 8.5e11 codes, drawn by the system's secure generator. The table's primary key settles a collision. */
export function createReferralCode(): string {
  return Array.from({ length }, () => alphabet.charAt(randomInt(alphabet.length))).join('')
}
