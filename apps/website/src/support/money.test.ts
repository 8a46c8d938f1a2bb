import { expect, it } from 'vitest'
import { formatMoney, toMinorUnits } from './money.ts'

it.each([
  ['5.0000', 3, 'USD', 1_500],
  ['0.1', 3, 'EUR', 30],
  ['1.005', 1, 'EUR', 101],
  ['3', 2, 'JPY', 6],
  ['1.25', 1, 'KWD', 1_250],
  ['0', 9, 'USD', 0],
  ['5', 0, 'USD', 0],
  [' 5.00 ', 1, 'USD', 500],
  ['999999999999', 1, 'USD', 99_999_999_999_900],
  ['1000000000000', 1, 'USD', undefined],
  ['1.12345678', 1, 'KWD', 1_123],
  ['1.123456789', 1, 'KWD', undefined],
  ['.5', 1, 'USD', undefined],
  ['5.', 1, 'USD', undefined],
  ['-5', 1, 'USD', undefined],
  ['5,00', 1, 'USD', undefined],
  ['1e9', 1, 'USD', undefined],
  ['5', -1, 'USD', undefined],
  ['5', 0.5, 'USD', undefined],
  ['999999999999', 2 ** 50, 'USD', undefined],
] as const)('toMinorUnits() makes %s times %d %s into %s', (price, count, currency, expected) => {
  expect(toMinorUnits(price, { count, currency })).toBe(expected)
})

it('formatMoney() writes whole and small units', () => {
  expect([
    formatMoney({ amountMinor: 1_250, currency: 'USD' }),
    formatMoney({ amountMinor: 900, currency: 'JPY' }),
  ]).toEqual(['$12.50', '¥900'])
})
