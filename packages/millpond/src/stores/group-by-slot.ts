/** The keys that one command may name together: all of them, or on a cluster those of one slot. */
export function groupBySlot<Key extends string>(
  keys: readonly Key[],
  slotOf: ((key: string) => number) | undefined,
): Key[][] {
  if (!slotOf) return keys.length > 0 ? [[...keys]] : []
  const groups = new Map<number, Key[]>()
  for (const key of keys) {
    const slot = slotOf(key)
    const group = groups.get(slot)
    if (group) group.push(key)
    else groups.set(slot, [key])
  }
  return [...groups.values()]
}
