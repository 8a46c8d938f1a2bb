/**
 * The tests that a table of promises names: each file in backquotes that is a test or the store contract, with the titles in quotes that
 * follow it up to the next file. A `…` stands for the rest of a title.
 * @param {string} row of a Markdown table
 * @returns {{ file: string, titles: readonly string[] }[]}
 */
export function namedTests(row) {
  return [...row.matchAll(/`([\w./*-]+\.ts)`([^`]*)/g)].map(([, file = '', after = '']) => ({
    file,
    titles: [...after.matchAll(/"([^"]+)"/g)].flatMap(([, title = '']) =>
      title
        .split('…')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    ),
  }))
}
