/** The bytes of the replies that are kept for one request. */
export interface ReplyShare {
  /** Counts a reply of so many bytes, or says why it cannot be kept. */
  keep(bytes: number): string | undefined
  /** The answer was written out, or nobody waits for it: nothing is kept any more, and nothing will be. */
  release(): void
}

/** How many bytes of replies are in memory, from when Redis sent them until the answers that hold them were written out. */
export interface ReplyBytes {
  open(): ReplyShare
  readonly held: number
}

/** Keeps at most `max` bytes for all requests together. */
export function createReplyBytes(max: number): ReplyBytes {
  let held = 0
  const open = (): ReplyShare => {
    let own = 0
    let isOpen = true
    return {
      keep: (bytes) => {
        if (!isOpen) return 'ERR a reply was dropped, since nobody waits for the answer'
        if (held + bytes > max) {
          return `ERR a reply of ${bytes} bytes was dropped, at most ${max} bytes of replies may wait to be written out and ${held} do`
        }
        held += bytes
        own += bytes
        return undefined
      },
      release: () => {
        isOpen = false
        held -= own
        own = 0
      },
    }
  }
  return {
    open,
    get held() {
      return held
    },
  }
}
