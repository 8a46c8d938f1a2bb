/**
 * The protocol of a fill against an invalidation as a state machine, small enough for every state to be visited: two readers that read, take the lease, load and fill, again and again;
 * a writer that commits and then invalidates; and an adversary that evicts keys at any moment. Nonces are only ever compared, so states that differ in their names are one state, and the
 * exploration ends by itself.
 */

/** A nonce: a version, an epoch, the token of a lease. */
type Nonce = number

export interface Protocol {
  readonly invalidates: 'key' | 'tag' | 'value tag'
  /** When a fill succeeds. `token`: while the lease holds the filler's own. `absence`: while nothing is stored. `tombstone`: while the slot is as the filler saw it, and a delete leaves a mark there. */
  readonly fence: 'token' | 'absence' | 'tombstone'
  /** How many keys the adversary may evict. */
  readonly evictions: number
  /** A hit may be past its TTL: it is served, and its reader loads in the background. */
  readonly refresh?: boolean
  /** The first reader and the writer share a process with a local tier. `no barrier` keeps what was observed before an invalidation; `forget once` forgets only before it is sent. */
  readonly local?: 'sound' | 'no barrier' | 'forget once'
  /** Where the tag is known from the value only: which of epoch and tag an invalidation renews first; default the epoch. */
  readonly first?: 'epoch' | 'tag'
}

interface Stored {
  readonly value: number
  readonly version: Nonce | null
}

type Slot = Stored | { readonly tombstone: Nonce } | null

interface Reader {
  readonly at: 'idle' | 'answered' | 'leasing' | 'loading' | 'naming' | 'filling' | 'filled'
  /** What the slot held when it was looked at. */
  readonly saw: Slot
  readonly token: Nonce | null
  readonly version: Nonce | null
  readonly epoch: Nonce | null
  readonly loaded: number
  /** Whether its process has invalidated since it began to observe what it will give to the local tier. */
  readonly overtaken: boolean
}

interface State {
  readonly slot: Slot
  readonly lease: Nonce | null
  readonly tag: Nonce | null
  readonly epoch: Nonce | null
  readonly database: number
  /** The value before which nothing may be read any more. */
  readonly invalidated: number
  readonly local: number | null
  readonly readers: readonly [Reader, Reader]
  readonly writer: 'committing' | 'forgetting' | 'sending' | 'sending on' | 'knowing' | 'done'
  readonly evictions: number
}

const IDLE: Reader = { at: 'idle', saw: null, token: null, version: null, epoch: null, loaded: 0, overtaken: false }

interface Step {
  readonly label: string
  readonly state: State
  /** The value that a read gave, and the least that it might give. */
  readonly read?: { readonly value: number; readonly atLeast: number }
}

export interface Exploration {
  readonly states: number
  /** The shortest way to a read of what had been invalidated before; undefined when there is none. */
  readonly violation: readonly string[] | undefined
}

/** Visits every state of a protocol, breadth first, up to the first violation. */
export function exploreProtocol(protocol: Protocol): Exploration {
  const start: State = {
    slot: null,
    lease: null,
    tag: null,
    epoch: null,
    database: 0,
    invalidated: -1,
    local: null,
    readers: [IDLE, IDLE],
    writer: 'committing',
    evictions: protocol.evictions,
  }
  const reachedBy = new Map<string, { readonly from: string; readonly label: string }>()
  const toTrace = (key: string, last: string): string[] => {
    const trace = [last]
    for (let at = reachedBy.get(key); at && at.label !== ''; at = reachedBy.get(at.from)) trace.unshift(at.label)
    return trace
  }
  let layer: [string, State][] = [[toKey(start), start]]
  reachedBy.set(toKey(start), { from: '', label: '' })
  while (layer.length > 0) {
    const next: [string, State][] = []
    for (const [from, state] of layer) {
      for (const { label, state: reached, read } of stepsOf(state, protocol)) {
        if (read && read.value < read.atLeast) return { states: reachedBy.size, violation: toTrace(from, label) }
        const key = toKey(reached)
        if (reachedBy.has(key)) continue
        reachedBy.set(key, { from, label })
        next.push([key, reached])
      }
    }
    layer = next
  }
  return { states: reachedBy.size, violation: undefined }
}

/** The state as text, with its nonces numbered in the order in which they stand there. */
function toKey(state: State): string {
  const names = new Map<Nonce, number>()
  const name = (nonce: Nonce | null) => {
    if (nonce === null) return '-'
    const known = names.get(nonce) ?? names.size
    names.set(nonce, known)
    return known
  }
  const slot = (held: Slot) => {
    if (held === null) return '-'
    return 'tombstone' in held ? `t${name(held.tombstone)}` : `${held.value}v${name(held.version)}`
  }
  const reader = ({ at, saw, token, version, epoch, loaded, overtaken }: Reader) =>
    `${at}/${slot(saw)}/${name(token)}/${name(version)}/${name(epoch)}/${loaded}${overtaken ? '!' : ''}`
  return [
    slot(state.slot),
    name(state.lease),
    name(state.tag),
    name(state.epoch),
    `${state.database},${state.invalidated},${state.local},${state.writer},${state.evictions}`,
    ...state.readers.map(reader),
  ].join(' ')
}

/** A nonce that stands nowhere in the state. */
function createNonce(state: State): Nonce {
  const held = (slot: Slot) => (slot === null ? 0 : 'tombstone' in slot ? slot.tombstone : (slot.version ?? 0))
  const ofReader = ({ saw, token, version, epoch }: Reader) => [held(saw), token ?? 0, version ?? 0, epoch ?? 0]
  const { slot, lease, tag, epoch, readers } = state
  return 1 + Math.max(held(slot), lease ?? 0, tag ?? 0, epoch ?? 0, ...readers.flatMap(ofReader))
}

function stepsOf(state: State, protocol: Protocol): Step[] {
  return [
    ...stepsOfReader(state, protocol, 0),
    ...stepsOfReader(state, protocol, 1),
    ...stepsOfWriter(state, protocol),
    ...evictions(state),
  ]
}

function stepsOfReader(state: State, protocol: Protocol, index: 0 | 1): Step[] {
  const reader = state.readers[index]
  const isLocal = protocol.local !== undefined && index === 0
  const name = index === 0 ? 'alice' : 'bob'
  const step = (label: string, own: Partial<Reader>, world: Partial<State> = {}): Step => {
    const changed = { ...reader, ...own }
    const readers = index === 0 ? ([changed, state.readers[1]] as const) : ([state.readers[0], changed] as const)
    return { label: `${name} ${label}`, state: { ...state, ...world, readers } }
  }
  const keep = (value: number) =>
    isLocal && (protocol.local === 'no barrier' || !reader.overtaken) ? { local: value } : {}

  switch (reader.at) {
    case 'idle': {
      if (isLocal && state.local !== null) {
        return [{ ...step('reads nearby', {}), read: { value: state.local, atLeast: state.invalidated } }]
      }
      const hit = findHit(state, protocol)
      const looked = { ...IDLE, saw: state.slot }
      if (hit === undefined) return [step('misses', { ...looked, at: 'leasing' })]
      const read = { value: hit, atLeast: state.invalidated }
      const answered = { ...IDLE, at: 'answered', loaded: hit } as const
      const steps = [{ ...step('hits', isLocal ? answered : IDLE), read }]
      if (protocol.refresh) steps.push({ ...step('hits, stale', { ...looked, at: 'leasing' }), read })
      return steps
    }
    case 'answered':
      return [step('keeps it nearby', IDLE, keep(reader.loaded))]
    case 'leasing':
      return [step('gives up', IDLE), takeLease(state, protocol, step)]
    case 'loading': {
      const at = protocol.invalidates === 'value tag' ? 'naming' : 'filling'
      // What it will give to the local tier is observed from here on.
      return [step('loads', { at, loaded: state.database, overtaken: false })]
    }
    case 'naming': {
      const created = createNonce(state)
      const [version, epoch] = [state.tag ?? created, state.epoch ?? created + 1]
      const world = { tag: version, epoch }
      return [
        epoch === reader.epoch
          ? step('names its tag', { at: 'filling', version }, world)
          : step('sees another epoch', IDLE, world),
      ]
    }
    case 'filling': {
      const value = reader.loaded
      if (!mayFill(state, protocol, reader)) return [step('is refused', IDLE)]
      const world = { slot: { value, version: reader.version }, lease: protocol.fence === 'token' ? null : state.lease }
      return [step('fills', isLocal ? { at: 'filled' } : IDLE, world)]
    }
    case 'filled':
      return [step('keeps its load nearby', IDLE, keep(reader.loaded))]
    default:
      return reader.at satisfies never
  }
}

function findHit({ slot, tag }: State, { invalidates }: Protocol): number | undefined {
  if (slot === null || 'tombstone' in slot) return undefined
  if (invalidates === 'key') return slot.value
  return tag !== null && slot.version === tag ? slot.value : undefined
}

/** At worst the lease is taken over from whoever holds it. With it the version, or where the tag is not known yet the epoch, is read, and created where it is missing. */
function takeLease(
  state: State,
  { fence, invalidates }: Protocol,
  step: (label: string, own: Partial<Reader>, world: Partial<State>) => Step,
): Step {
  const created = createNonce(state)
  const token = fence === 'token' ? { token: created } : {}
  const lease = fence === 'token' ? { lease: created } : {}
  if (invalidates === 'key') return step('leases', { at: 'loading', ...token }, lease)
  if (invalidates === 'tag') {
    const version = state.tag ?? created + 1
    return step('leases', { at: 'loading', version, ...token }, { tag: version, ...lease })
  }
  const epoch = state.epoch ?? created + 1
  return step('leases', { at: 'loading', epoch, ...token }, { epoch, ...lease })
}

function mayFill({ slot, lease }: State, { fence }: Protocol, { token, saw }: Reader): boolean {
  if (fence === 'token') return lease === token
  if (fence === 'absence') return slot === null
  return JSON.stringify(slot) === JSON.stringify(saw)
}

function stepsOfWriter(state: State, protocol: Protocol): Step[] {
  const step = (label: string, world: Partial<State>): Step[] => [
    { label: `writer ${label}`, state: { ...state, ...world } },
  ]
  const forget = (): Partial<State> => ({
    local: null,
    readers: [{ ...state.readers[0], overtaken: true }, state.readers[1]],
  })
  const isLocal = protocol.local !== undefined
  const sent = isLocal ? ({ writer: 'knowing' } as const) : ({ writer: 'done', invalidated: state.database } as const)
  const created = createNonce(state)
  switch (state.writer) {
    case 'committing':
      return step('commits', { database: 1, writer: isLocal ? 'forgetting' : 'sending' })
    case 'forgetting':
      return step('forgets', { ...forget(), writer: 'sending' })
    case 'sending':
      if (protocol.invalidates === 'tag') return step('renews the tag', { tag: created, ...sent })
      if (protocol.invalidates === 'value tag') {
        const renewed = protocol.first === 'tag' ? { tag: created } : { epoch: created }
        return step(`renews the ${protocol.first ?? 'epoch'}`, { ...renewed, writer: 'sending on' })
      }
      if (protocol.fence === 'tombstone') return step('leaves a tombstone', { slot: { tombstone: created }, ...sent })
      return step('deletes', { slot: null, lease: protocol.fence === 'token' ? null : state.lease, ...sent })
    case 'sending on':
      return step('renews the other', {
        ...(protocol.first === 'tag' ? { epoch: created } : { tag: created }),
        ...sent,
      })
    case 'knowing':
      return step('knows', {
        ...(protocol.local === 'forget once' ? {} : forget()),
        writer: 'done',
        invalidated: state.database,
      })
    case 'done':
      return []
    default:
      return state.writer satisfies never
  }
}

function evictions(state: State): Step[] {
  if (state.evictions === 0) return []
  return (['slot', 'lease', 'tag', 'epoch'] as const)
    .filter((key) => state[key] !== null)
    .map((key) => ({ label: `evicted: ${key}`, state: { ...state, [key]: null, evictions: state.evictions - 1 } }))
}
