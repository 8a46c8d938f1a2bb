import { z } from 'zod'
import type { MailTransport } from './mail.ts'

const sendDeadlineMs = 10_000

const accepted = z.object({ id: z.string() })
const refused = z.object({ name: z.string() }).or(z.object({ error: z.object({ name: z.string() }) }))

/** Why Resend did not take it: its own word for it, never its message, which can quote the mail. */
function toReason(status: number, body: unknown): string {
  const parsed = refused.safeParse(body)
  if (!parsed.success) return `HTTP ${status}`
  return `HTTP ${status} ${'error' in parsed.data ? parsed.data.error.name : parsed.data.name}`
}

/**
 * Resend's `POST /emails`. A mail counts as taken only with an id in the answer: an error can come with any status. The
 * idempotency key makes a repetition within 24 hours harmless. Never rejects.
 */
export function resend(options: { apiKey: string; from: string; url: string }): MailTransport {
  const { apiKey, from, url } = options
  return {
    kind: 'resend',
    async send({ to, subject, text, html, replyTo }, idempotencyKey) {
      try {
        const response = await fetch(`${url}/emails`, {
          method: 'POST',
          headers: {
            Authorization: `Bearer ${apiKey}`,
            'Content-Type': 'application/json',
            'Idempotency-Key': idempotencyKey,
          },
          body: JSON.stringify({ from, to: [to], subject, text, html, ...(replyTo && { reply_to: replyTo }) }),
          signal: AbortSignal.timeout(sendDeadlineMs),
        })
        const body: unknown = await response.json().catch(() => undefined)
        if (response.ok && accepted.safeParse(body).success) return { status: 'sent' }
        return { status: 'failed', reason: toReason(response.status, body) }
      } catch (error) {
        return { status: 'failed', reason: error instanceof Error ? error.name : 'unknown error' }
      }
    },
  }
}
