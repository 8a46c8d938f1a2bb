/** One mail as it is sent. `text` and `html` say the same. */
export interface Mail {
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
  readonly replyTo?: string
}

export type SendOutcome =
  | { readonly status: 'sent' }
  | { readonly status: 'failed'; readonly reason: string }
  /** Its key is that of a mail with other words, which was taken: this one never will be. */
  | { readonly status: 'taken-before'; readonly reason: string }
  /** Surely not taken: there are too many at a time. */
  | { readonly status: 'throttled'; readonly reason: string; readonly retryAfterMs: number }

/** Sends mails. The same key is delivered once, however often it is sent. */
export interface MailTransport {
  readonly kind: 'resend' | 'local'
  /** An abort of `signal` gives the sending up, whose outcome is then unknown. */
  send(mail: Mail, options: { idempotencyKey: string; signal?: AbortSignal | undefined }): Promise<SendOutcome>
}

const signs: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Any text as text in HTML. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (sign) => signs[sign] ?? sign)

interface Letter {
  readonly to: string
  readonly subject: string
  readonly paragraphs: readonly string[]
  /** The one link of the mail. Only addresses of this site. */
  readonly action?: { readonly label: string; readonly url: string }
  readonly closing?: readonly string[]
  readonly replyTo?: string
}

const toParagraph = (text: string): string => `<p style="white-space:pre-line">${escapeHtml(text)}</p>`

/** Puts the same words into both forms of a mail; everything but the action is text, whatever it contains. */
export function toMail({ to, subject, paragraphs, action, closing = [], replyTo }: Letter): Mail {
  const link = action === undefined ? [] : [`${action.label}:\n${action.url}`]
  const button =
    action === undefined ? [] : [`<p><a href="${escapeHtml(action.url)}">${escapeHtml(action.label)}</a></p>`]
  const html = [...paragraphs.map(toParagraph), ...button, ...closing.map(toParagraph)].join('\n')
  return {
    to,
    // A line break would begin another header.
    subject: subject.replace(/\s+/g, ' ').trim(),
    text: `${[...paragraphs, ...link, ...closing].join('\n\n')}\n`,
    html: `<!doctype html><html lang="en"><body style="font-family:Georgia,serif;max-width:36rem;line-height:1.5">${html}</body></html>`,
    ...(replyTo === undefined ? {} : { replyTo }),
  }
}
