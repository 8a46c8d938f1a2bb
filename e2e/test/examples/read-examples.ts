/** A block of TypeScript that a page or a docstring shows. */
export interface Example {
  readonly page: string
  readonly line: number
  readonly code: string
}

const lineOf = (text: string, index: number): number => text.slice(0, index).split('\n').length

/** Whether the block is a file of a project and not an example by itself: its first line is `// src/proxy.ts`. */
const isProjectFile = ({ code }: Example): boolean => /^\/\/ \S+\.tsx?\n/.test(code)

/** The blocks marked `ts` of a Markdown page. What is not to be run is not marked so; files of a project are left out. */
export function readExamples(page: string, text: string): Example[] {
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)]
    .map((block) => ({ page, line: lineOf(text, block.index), code: block[1] ?? '' }))
    .filter((example) => !isProjectFile(example))
}

/** The files of the project that a Markdown page shows, by their paths. */
export function readProjectFiles(text: string): Map<string, string> {
  const blocks = text.matchAll(/^```tsx?\n(\/\/ (\S+\.tsx?)\n[\s\S]*?)^```$/gm)
  return new Map([...blocks].map(([, code = '', path = '']) => [path, code]))
}

/** The calls with `curl` that a Markdown page shows, and what it says of each answer: behind ` # `, parted by `, `. */
export function readCalls(text: string): { readonly command: string; readonly answer: readonly string[] }[] {
  const calls = text.matchAll(/^(curl .*?) +# (.*)$/gm)
  return [...calls].map(([, command = '', answer = '']) => ({ command, answer: answer.split(', ') }))
}

/** The blocks marked `ts` of the docstrings of a source file. */
export function readDocstringExamples(page: string, text: string): Example[] {
  return [...text.matchAll(/^ *\* ```ts\n([\s\S]*?)^ *\* ```$/gm)].map((block) => ({
    page,
    line: lineOf(text, block.index),
    code: (block[1] ?? '').replaceAll(/^ *\* ?/gm, ''),
  }))
}

/** What the comments behind `console.log(…)` promise, in their order. */
export function readPromises(code: string): string[] {
  return [...code.matchAll(/^\s*console\.log\(.*\) \/\/ (.*)$/gm)].map((match) => match[1] ?? '')
}
