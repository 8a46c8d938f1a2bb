import type { ReactNode } from 'react'
import { setPageStatus } from '../lib/page-status.ts'
import { CloudyNotice } from './cloudy-notice.tsx'
import { buttonClass } from './form-parts.tsx'
import { type LineNote, NoteLine } from './note-line.tsx'

interface FormOutcome {
  /** By which the page's address names the note. */
  readonly id: string
  /** The form beside which it stands on the page. */
  readonly at: string
  readonly line: LineNote
}

/**
 * The page that `show` makes of what `read` gives; when reading fails, a page of 503 that says so. Next would answer with 500 and an empty page that its scripts fill with
 * error.tsx, so that who has none sees nothing. `path` is where to try again; `form` is what came of the form that led here, which is kept for that time.
 */
export async function pageOrCloudy<T>(
  path: string,
  { read, show, form }: { read: () => Promise<T>; show: (value: T) => ReactNode; form?: FormOutcome | undefined },
): Promise<ReactNode> {
  let value: T
  try {
    value = await read()
  } catch (error) {
    console.error(`Cannot make ${path}: ${error instanceof Error ? error.name : 'unknown error'}`)
    setPageStatus(503)
    return (
      <CloudyNotice>
        {form !== undefined && <NoteLine id={`${form.at}-note`} note={form.line} />}
        <form action={form === undefined ? path : `${path}#${form.at}-note`} className="mt-6">
          {form !== undefined && <input type="hidden" name="note" value={form.id} />}
          {/* An address that differs in its fragment at most would not be asked for again. */}
          {form !== undefined && <input type="hidden" name="again" value={Date.now().toString(36)} />}
          <button type="submit" className={buttonClass}>
            Try again
          </button>
        </form>
      </CloudyNotice>
    )
  }
  return show(value)
}
