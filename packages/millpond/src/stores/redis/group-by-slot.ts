/** The keys that one command may name together on a cluster: those of one slot. */
export function groupBySlot<Key extends string>(keys: readonly Key[], slotOf: (key: string) => number): Key[][] {
  const groups = new Map<number, Key[]>()
  for (const key of keys) {
    const slot = slotOf(key)
    const group = groups.get(slot) ?? []
    groups.set(slot, group)
    group.push(key)
  }
  return [...groups.values()]
}
