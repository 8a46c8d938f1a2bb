import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** The name that a heading of Markdown is linked by. @param {string} heading */
const toAnchor = (heading) =>
  heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-')

/** Code is no link: its lines stay, so that what follows keeps its number. @param {string} text */
const withoutCode = (text) =>
  text.replaceAll(/^```[\s\S]*?^```/gm, (block) => block.replaceAll(/[^\n]/g, '')).replaceAll(/`[^`\n]*`/g, '')

/** @param {string} text */
const anchorsOf = (text) =>
  [...text.replaceAll(/^```[\s\S]*?^```/gm, '').matchAll(/^#{1,6} (.*)$/gm)].map(([, heading = '']) =>
    toAnchor(heading),
  )

/**
 * @param {string} root the repository
 * @param {string} page relative to the root
 * @param {string} text of the page
 * @returns {{ page: string, line: number, target: string, why: string }[]}
 */
export function brokenLinks(root, page, text) {
  const plain = withoutCode(text)
  return [...plain.matchAll(/\]\(([^)\s]+)\)/g)].flatMap((match) => {
    const target = match[1] ?? ''
    if (/^[a-z]+:/.test(target)) return []
    const [path = '', anchor] = target.split('#')
    const line = plain.slice(0, match.index).split('\n').length
    const file = path === '' ? page : normalize(join(dirname(page), decodeURIComponent(path)))
    if (path !== '' && (file.startsWith('..') || !existsSync(join(root, file))))
      return [{ page, line, target, why: 'no such file' }]
    if (anchor === undefined || !file.endsWith('.md')) return []
    const there = path === '' ? text : readFileSync(join(root, file), 'utf8')
    return anchorsOf(there).includes(anchor) ? [] : [{ page, line, target, why: 'no such heading' }]
  })
}
