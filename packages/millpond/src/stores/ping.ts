import type { Commands } from './commands.ts'

/** Resolves when the server answers. One round trip. */
export async function ping({ send }: Commands): Promise<void> {
  await send(['PING'])
}
