import { createNonce } from '../key.ts'
import { instantOf } from '../time/clock.ts'
import { attempt } from './lease.ts'
import type { Loader, LoaderSettings } from './load.ts'
import type { Spec } from './spec.ts'

/** Loads an entry anew in the background, if it is still the one seen and nobody does already. */
export type Refresh = (spec: Spec<unknown>, seen: string) => void

/**
 * Creates the background refresh. It asks for the lease once: when another holds it, that one refreshes. A load that fails leaves the entry as it is.
 */
export function createRefresh(settings: LoaderSettings, loader: Loader): Refresh {
  const { clock, flights, report, leaseMs, keepAlive } = settings
  /** Until when an entry is being asked for. */
  const asking = new Map<string, number>()

  async function refresh(spec: Spec<unknown>, seen: string): Promise<void> {
    const token = createNonce()
    const grant = await attempt(settings, spec, { token, takeOver: false, seen })
    if (grant.kind !== 'granted') return
    try {
      await flights.begin(spec.slot.entry, false, (flight) => loader.andFill(spec, flight, grant, 'expired')).result
      report({ type: 'refresh', name: spec.name, ok: true })
    } catch (error) {
      report({ type: 'refresh', name: spec.name, ok: false, error })
    }
  }

  return (spec, seen) => {
    const { entry } = spec.slot
    const now = instantOf(clock)
    if ((asking.get(entry) ?? 0) > now || flights.get(entry)) return
    asking.set(entry, now + leaseMs)
    keepAlive(refresh(spec, seen).finally(() => asking.delete(entry)))
  }
}
