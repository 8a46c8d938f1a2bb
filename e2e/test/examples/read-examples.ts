/** A block of TypeScript that a page or a docstring shows. */
export interface Example {
  readonly page: string
  readonly line: number
  readonly code: string
}

const lineOf = (text: string, index: number): number => text.slice(0, index).split('\n').length

/** The blocks marked `ts` of a Markdown page. What is not to be run is not marked so. */
export function readExamples(page: string, text: string): Example[] {
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((block) => ({
    page,
    line: lineOf(text, block.index),
    code: block[1] ?? '',
  }))
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
