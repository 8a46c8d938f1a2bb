import { expect, test } from 'vitest'
import { repositoryRoot } from '../build/repository-root.mjs'
import { brokenLinks } from './broken-links.mjs'

const broken = (text: string) => brokenLinks(repositoryRoot, 'docs/x.md', text).map(({ line, why }) => `${line} ${why}`)

test('brokenLinks() finds files and headings that are not there', () => {
  expect(broken('[a](../README.md)\n[b](no.md)\n![c](../README.md#nothing-of-this)')).toEqual([
    '2 no such file',
    '3 no such heading',
  ])
})

test('brokenLinks() knows the headings of its own page, with their marks', () => {
  expect(broken('## What `take()` costs, in *commands*\n[a](#what-take-costs-in-commands)\n[b](#what)')).toEqual([
    '3 no such heading',
  ])
})

test('brokenLinks() leaves code and other hosts alone', () => {
  expect(broken('```md\n[a](no.md)\n```\n`[b](no.md)` [c](https://example.com/no)')).toEqual([])
})
