/** How many entries the rates are spread over. */
export const IDS = 1_000
export const ids: readonly string[] = Array.from({ length: IDS }, (_, index) => `user-${index}`)

/** About a hundred bytes of JSON. */
export const toValue = (id: string) => ({
  id,
  name: 'a value of middle size',
  numbers: [1, 2, 3, 4, 5],
  nested: { a: true, b: null },
})

export const idAt = (index: number): string => ids[index % IDS] ?? ''

/** `count` tags, each of them on a hundredth of the entries. */
export const sharedTags = (count: number) => (id: string) =>
  Array.from({ length: count }, (_, index) => `tag-${index}-${Number(id.slice(5)) % 100}`)

/** `count` tags that no other entry has. */
export const ownTags = (count: number) => (id: string) =>
  Array.from({ length: count }, (_, index) => `tag-${index}-${id}`)
