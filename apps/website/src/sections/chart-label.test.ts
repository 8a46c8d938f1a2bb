import { describe, expect, it } from 'vitest'
import { toChartLabel } from './chart-label.ts'

const labels = (values: readonly number[]): string[] => values.map((value) => toChartLabel(value, Math.max(...values)))

describe('toChartLabel()', () => {
  it('writes the numbers of one chart in one form', () => {
    expect(labels([12_940, 940, 0])).toEqual(['12.9k', '0.9k', '0.0k'])
    expect(labels([1_730.4, 927, 0])).toEqual(['1,730', '927', '0'])
    expect(labels([7.66, 7, 6.3])).toEqual(['7.7', '7', '6.3'])
  })
})
