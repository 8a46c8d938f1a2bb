import type { Reply } from '../engine/reply.ts'

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/**
 * A message on one line, since an event of the SDK ends with the line. Line breaks of a JSON text are only spacing and become
 * spaces; any other text becomes a JSON string, which the SDK decodes to the text that was published.
 */
function toLine(text: string): string {
  if (!/[\r\n]/.test(text)) return text
  return isJson(text) ? text.replaceAll(/[\r\n]/g, ' ') : JSON.stringify(text)
}

function toText(reply: Reply): string {
  if (reply === null) return ''
  return reply instanceof Error ? reply.message : reply.toString()
}

/** What Redis pushes to a subscriber, as an event: `data: message,chat,hello`. */
export function toSubscriptionEvent(reply: Reply): string {
  const parts = Array.isArray(reply) ? reply.map(toText) : [toText(reply)]
  return `data: ${parts.map((part, index) => (index === parts.length - 1 ? toLine(part) : part.replaceAll(/[\r\n]/g, ' '))).join(',')}\n\n`
}

/** A line of MONITOR as an event. The first, OK, is in quotes. */
export function toMonitorEvent(reply: Reply): string {
  const text = toText(reply)
  return `data: ${text === 'OK' ? '"OK"' : text.replaceAll(/[\r\n]/g, ' ')}\n\n`
}
