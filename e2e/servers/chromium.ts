import { type Browser, chromium as playwright } from 'playwright-core'
import { findProgram } from './find-program.ts'
import { installLine } from './install-lines.ts'
import { ServerStartError } from './owned-process.ts'

const path = process.env.CHROMIUM_PATH || findProgram('chromium', 'chromium-browser', 'google-chrome')

/** The browser named by CHROMIUM_PATH, or the one on PATH; undefined when there is none. */
export const chromium: { readonly path: string } | undefined = path === undefined ? undefined : { path }

/** A headless browser that makes no requests of its own. The caller closes it; it also ends with this process. */
export async function launchChromium(): Promise<Browser> {
  if (chromium === undefined) throw new ServerStartError('chromium', `Not installed: ${installLine.chromium}`)
  return playwright.launch({
    executablePath: chromium.path,
    args: ['--no-sandbox', '--disable-background-networking', '--no-first-run'],
  })
}
