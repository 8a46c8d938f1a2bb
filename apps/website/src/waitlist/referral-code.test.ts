import { expect, it } from 'vitest'
import { createReferralCode, referralCodePattern } from './referral-code.ts'

it('createReferralCode() draws codes that its pattern accepts and that differ', () => {
  const codes = Array.from({ length: 500 }, createReferralCode)
  expect(codes.filter((code) => !referralCodePattern.test(code))).toEqual([])
  expect(new Set(codes).size).toBe(500)
})
