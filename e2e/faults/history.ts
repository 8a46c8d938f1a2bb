/** What one client did and saw. All times are milliseconds of one monotonic clock, the harness's. */
export type Operation = Write | Read | Take | Page

interface Timed {
  readonly startedAt: number
  readonly endedAt: number
  /** HTTP status; 0 when the connection broke or nothing came in time. */
  readonly status: number
  /** Whether a 5xx said so as the interface declares it: 503 as problem+json (or the page's own). */
  readonly declared: boolean
}

/** A process in one of its lives: a restart is another. */
export type Replica = `${string}#${number}`

/** A user stored a number, larger than all before it. */
export interface Write extends Timed {
  readonly kind: 'write'
  readonly user: string
  readonly replica: Replica
  readonly value: number
  /** Since when the invalidation is known to be acknowledged; undefined while it is not. */
  deliveredAt?: number
}

/** A user read it back. */
export interface Read extends Timed {
  readonly kind: 'read'
  readonly user: string
  readonly replica: Replica
  /** Null when nothing was stored; undefined when there was no answer. */
  readonly value: number | null | undefined
  readonly outcome: 'hit' | 'miss' | 'bypass' | undefined
}

/** Somebody took from a limit. */
export interface Take extends Timed {
  readonly kind: 'take'
  readonly limit: string
  readonly identity: string
  readonly allowed: boolean
  /** Decided without the store, by the process alone. */
  readonly degraded: boolean
}

/** Somebody looked at a page that has no claim but to be there. */
export interface Page extends Timed {
  readonly kind: 'page'
  readonly path: string
}

/** When the store may have lost what it held. */
export interface Loss {
  readonly from: number
  readonly to: number
}
