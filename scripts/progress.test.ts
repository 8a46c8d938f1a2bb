import { expect, it } from 'vitest'
import { withProgress } from './progress.mjs'

it('withProgress() says that a step begins and how long it took', async () => {
  const lines: string[] = []
  expect(await withProgress('Building', async () => 'built', { write: (line: string) => lines.push(line) })).toBe(
    'built',
  )
  expect(lines.map((line) => line.replace(/[\d.]+/, 'N'))).toEqual(['… Building', '✓ Building (N s)'])
})

it('withProgress() says that a step is still running', async () => {
  const lines: string[] = []
  let finish = () => undefined as undefined
  const step = new Promise<void>((resolve) => {
    finish = () => void resolve()
  })
  const write = (line: string): void => {
    lines.push(line.replace(/[\d.]+/, 'N'))
    if (lines.length === 2) finish()
  }
  await withProgress('Building', () => step, { write, everyMs: 1 })
  expect(lines.slice(0, 2)).toEqual(['… Building', '… Building: still running after N s'])
})

it('withProgress() passes on the error of a step and says nothing more', async () => {
  const lines: string[] = []
  const error = new TypeError('no')
  const step = withProgress('Building', () => Promise.reject(error), { write: (line: string) => lines.push(line) })
  await expect(step).rejects.toBe(error)
  expect(lines).toEqual(['… Building'])
})
