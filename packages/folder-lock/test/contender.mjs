/** Forked by folder-lock.test.ts: tries once when told to, says how it went, and holds what it got until it is killed or told to release. */
import { FolderLockedError, lockFolder } from '../index.mjs'

const [folder = ''] = process.argv.slice(2)
/** @type {import('../index.mjs').FolderLock | undefined} */
let lock

process.on('message', async (command) => {
  if (command === 'release') {
    await lock?.release()
    process.send?.('released')
    return
  }
  try {
    lock = await lockFolder(folder)
    process.send?.('held')
  } catch (error) {
    process.send?.(error instanceof FolderLockedError ? error.code : String(error))
  }
})
process.on('disconnect', () => process.exit())
process.send?.('ready')
