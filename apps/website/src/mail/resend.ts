import { z } from 'zod'
import type { MailTransport } from './mail.ts'

const sendDeadlineMs = 10_000

const accepted = z.object({ id: z.string() })
const refused = z.object({ name: z.string() }).or(z.object({ error: z.object({ name: z.string() }) }))

/** Why Resend did not take it: its own word for it, never its message, which can quote the mail. */
function readErrorName(body: unknown): string | undefined {
  const parsed = refused.safeParse(body)
  if (!parsed.success) return undefined
  return 'error' in parsed.data ? parsed.data.error.name : parsed.data.name
}

/** The key was used for a mail with another body; its other 409, `concurrent_idempotent_requests`, passes by itself. */
const usedKey = 'invalid_idempotent_request'

const hourMs = 3_600_000
/** A quota of a day says no time, and is asked for again now and then. */
const unsaidWaitMs = 60_000

/** `Retry-After`, in seconds or as a date, as milliseconds from a second to an hour; a minute when it says nothing. */
export function toRetryAfterMs(header: string | null, now: Date): number {
  const text = header?.trim() ?? ''
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now.getTime()
  const isDate = /[a-z]{3}/i.test(text)
  return Number.isNaN(ms) || (ms < 0 && !isDate) ? unsaidWaitMs : Math.min(hourMs, Math.max(1_000, ms))
}

/**
 * Resend's `POST /emails`. A mail counts as taken only with an id in the answer: an error can come with any status. The
 * idempotency key makes a repetition within 24 hours harmless. An answer may take `deadlineMs`, 10 s unless told. Never rejects.
 */
export function resend(options: { apiKey: string; from: string; url: string; deadlineMs?: number }): MailTransport {
  const { apiKey, from, url, deadlineMs = sendDeadlineMs } = options
  return {
    kind: 'resend',
    async send({ to, subject, text, html, replyTo }, { idempotencyKey, signal }) {
      // No AbortSignal.timeout: AbortSignal.any holds it weakly, and on Node.js 20 one that was collected never fires.
      const deadline = new AbortController()
      const timer = setTimeout(() => deadline.abort(new DOMException('no answer in time', 'TimeoutError')), deadlineMs)
      try {
        const response = await fetch(`${url}/emails`, {
          method: 'POST',
          headers: {
            Authorization: `Bearer ${apiKey}`,
            'Content-Type': 'application/json',
            'Idempotency-Key': idempotencyKey,
          },
          body: JSON.stringify({ from, to: [to], subject, text, html, ...(replyTo && { reply_to: replyTo }) }),
          signal: AbortSignal.any([deadline.signal, ...(signal === undefined ? [] : [signal])]),
        })
        const body: unknown = await response.json().catch(() => undefined)
        if (response.ok && accepted.safeParse(body).success) return { status: 'sent' }
        const name = readErrorName(body)
        const reason = `HTTP ${response.status}${name === undefined ? '' : ` ${name}`}`
        if (response.status === 409 && name === usedKey) return { status: 'taken-before', reason }
        if (response.status !== 429) return { status: 'failed', reason }
        const retryAfterMs = toRetryAfterMs(response.headers.get('retry-after'), new Date())
        return { status: 'throttled', reason, retryAfterMs }
      } catch (error) {
        return { status: 'failed', reason: error instanceof Error ? error.name : 'unknown error' }
      } finally {
        clearTimeout(timer)
      }
    },
  }
}
