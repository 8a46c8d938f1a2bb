import type { ReactNode } from 'react'
import { setPageStatus } from '../lib/page-status.ts'
import { CloudyNotice } from './cloudy-notice.tsx'
import { buttonClass } from './form-parts.tsx'

/**
 * The page that `show` makes of what `read` gives; when reading fails, a page of 503 that says so. Next would answer with 500 and an empty page that its scripts fill with
 * error.tsx, so that who has none sees nothing. `path` is where to try again.
 */
export async function pageOrCloudy<T>(
  path: string,
  { read, show }: { read: () => Promise<T>; show: (value: T) => ReactNode },
): Promise<ReactNode> {
  let value: T
  try {
    value = await read()
  } catch (error) {
    console.error(`Cannot make ${path}: ${error instanceof Error ? error.name : 'unknown error'}`)
    setPageStatus(503)
    return (
      <CloudyNotice>
        <form action={path} className="mt-6">
          <button type="submit" className={buttonClass}>
            Try again
          </button>
        </form>
      </CloudyNotice>
    )
  }
  return show(value)
}
