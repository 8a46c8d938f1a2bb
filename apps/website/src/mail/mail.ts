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

const toParagraph = (text: string, style = ''): string =>
  `<p style="white-space:pre-line${style}">${escapeHtml(text)}</p>`

/** The button, and its address to copy where buttons do not work. */
const toButton = (url: string, label: string): string =>
  `<p style="margin:1.6em 0"><a href="${url}" style="display:inline-block;padding:.7em 1.4em;border-radius:6px;background:#084a5d;color:#ffffff;font-family:sans-serif;text-decoration:none">${label}</a></p>
<p style="color:#5c6f74;font-size:.85em;word-break:break-all">${url}</p>`

/** Puts the same words into both forms of a mail; everything but the action is text, whatever it contains. */
export function toMail({ to, subject, paragraphs, action, closing = [], replyTo }: Letter): Mail {
  const link = action === undefined ? [] : [`${action.label}:\n${action.url}`]
  const button = action === undefined ? [] : [toButton(escapeHtml(action.url), escapeHtml(action.label))]
  const html = [
    ...paragraphs.map((paragraph) => toParagraph(paragraph)),
    ...button,
    ...closing.map((paragraph) => toParagraph(paragraph, ';color:#5c6f74;font-size:.9em')),
  ].join('\n')
  return {
    to,
    // A line break would begin another header.
    subject: subject.replace(/\s+/g, ' ').trim(),
    text: `${[...paragraphs, ...link, ...closing].join('\n\n')}\n`,
    html: `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"></head><body style="margin:0 auto;padding:1.5em;max-width:34em;font:17px/1.55 Georgia,serif">${html}</body></html>`,
    ...(replyTo === undefined ? {} : { replyTo }),
  }
}
