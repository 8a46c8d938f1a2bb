/** Every relative link and image of every Markdown file leads to a file of the repository, and its #part to a heading there. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { repositoryRoot } from './build/repository-root.mjs'
import { brokenLinks } from './docs/broken-links.mjs'

const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: repositoryRoot,
  encoding: 'utf8',
})
const pages = tracked.split('\n').filter((page) => page !== '' && existsSync(`${repositoryRoot}/${page}`))
const broken = pages.flatMap((page) =>
  brokenLinks(repositoryRoot, page, readFileSync(`${repositoryRoot}/${page}`, 'utf8')),
)
for (const { page, line, target, why } of broken) console.error(`${page}:${line} ${target}: ${why}`)
if (broken.length > 0) process.exitCode = 1
else console.log(`Every relative link of ${pages.length} pages leads somewhere`)
