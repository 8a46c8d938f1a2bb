import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { repositoryRoot } from '../build/repository-root.mjs'
import { buildStages } from './build-stages.mjs'
import { readCopy, readDockerfile } from './read-dockerfile.mjs'

describe('readDockerfile()', () => {
  it('joins continued lines, leaves comments out, and tells stages apart', () => {
    const text = 'FROM node:20 AS base\n# a word\nRUN a \\\n  # another\n  && b\nfrom base\ncopy --from=base /x /y\n'
    expect(readDockerfile(text)).toEqual([
      { name: 'base', base: 'node:20', instructions: [{ name: 'RUN', rest: 'a && b' }] },
      { name: '1', base: 'base', instructions: [{ name: 'COPY', rest: '--from=base /x /y' }] },
    ])
  })
})

describe('buildStages()', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'image-test-'))
    mkdirSync(join(folder, 'context/src/deep'), { recursive: true })
    writeFileSync(join(folder, 'context/src/a.txt'), 'a')
    writeFileSync(join(folder, 'context/src/deep/b.txt'), 'b')
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))
  const build = (dockerfile: string) =>
    buildStages({ dockerfile, context: join(folder, 'context'), folder, tell: () => {} })

  it('gives each stage the files that it copies and makes, and nothing of other stages', () => {
    const image = build(
      [
        'FROM node AS base',
        'WORKDIR /repo',
        'COPY src/a.txt ./',
        'FROM base AS build',
        'ENV NAME=made KIND=text',
        'COPY src src',
        'RUN mkdir /data && chown node:node /data && echo "$NAME" > /data/$KIND && cp a.txt src/deep/c.txt',
        'FROM node',
        'WORKDIR /repo',
        'COPY --from=build /repo/src/deep deep',
        'COPY --from=build /data/text ./',
        'HEALTHCHECK --interval=1s \\',
        '  CMD ["node", "check"]',
        'CMD ["node", "main"]',
      ].join('\n'),
    )
    const files = readdirSync(image.root, { recursive: true }).map(String).sort()
    expect(files).toEqual(['repo', 'repo/deep', 'repo/deep/b.txt', 'repo/deep/c.txt', 'repo/text'])
    expect(readFileSync(join(image.root, 'repo/text'), 'utf8')).toBe('made\n')
    expect([image.workdir, image.health, image.cmd]).toEqual(['/repo', ['node', 'check'], ['node', 'main']])
  })

  it.each([
    ['COPY gone ./', 'Cannot build: COPY gone finds nothing'],
    ['COPY --from=gone /a ./', 'Cannot build: there is no stage "gone" above'],
    ['RUN exit 3', 'exit 3 failed with exit code 3'],
    ['ADD a b', 'Cannot build: ADD is not followed here'],
  ])('stops at %s', (line, reason) => {
    expect(() => build(`FROM node\n${line}`)).toThrow(reason)
  })
})

describe('the Dockerfile of Cloud Brain', () => {
  const stages = readDockerfile(readFileSync(join(repositoryRoot, 'apps/cloud-brain/Dockerfile'), 'utf8'))
  const copiedBy = (stage: string) =>
    stages
      .filter(({ name }) => name === stage)
      .flatMap(({ instructions }) => instructions)
      .flatMap(({ name, rest }) => (name === 'COPY' ? readCopy(rest).sources : []))

  it('has the manifest of every workspace, without which npm ci refuses the lock file', () => {
    const lock: { packages: object } = JSON.parse(readFileSync(join(repositoryRoot, 'package-lock.json'), 'utf8'))
    const workspaces = Object.keys(lock.packages).filter((name) => name !== '' && !name.includes('node_modules/'))
    expect(copiedBy('base').slice(3).sort()).toEqual(workspaces.map((name) => `${name}/package.json`).sort())
  })

  it.each(['packages/millpond', 'apps/cloud-brain'])(
    'has what the build of %s calls outside of its folder',
    (folder) => {
      const manifest: { scripts: { build: string } } = JSON.parse(
        readFileSync(join(repositoryRoot, folder, 'package.json'), 'utf8'),
      )
      const called = [...manifest.scripts.build.matchAll(/\.\.\/\.\.\/(\S+)\/[^/\s]+/g)].map(([, path]) => path)
      expect(copiedBy('build')).toEqual(expect.arrayContaining(called))
    },
  )
})
