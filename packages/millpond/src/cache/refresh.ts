import { createNonce } from '../key.ts'
import { attempt } from './lease.ts'
import type { Loader, LoaderSettings } from './load.ts'
import type { Spec } from './spec.ts'

/** Loads an entry anew in the background, if it is still the one seen and nobody does already. */
export type Refresh = (spec: Spec<unknown>, seen: string) => void

/**
 * Creates the background refresh. It asks for the lease once: when another holds it, that one refreshes. A load that fails leaves the entry as it is. `waitUntil` is given the
 * promise, for platforms that stop a process after its response.
 */
export function createRefresh(
  settings: LoaderSettings & { readonly waitUntil: ((work: Promise<unknown>) => void) | undefined },
  loader: Loader,
): Refresh {
  const { flights, report, waitUntil } = settings
  const asking = new Set<string>()

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
    if (asking.has(entry) || flights.get(entry)) return
    asking.add(entry)
    const work = refresh(spec, seen).finally(() => asking.delete(entry))
    try {
      waitUntil?.(work)
    } catch (error) {
      // It may be a hook that is there during a request only. The read has its answer all the same.
      report({ type: 'hook-error', operation: 'waitUntil', error })
    }
  }
}
