import { describe, expect, it } from 'vitest'
import { toMonitorEvent, toSubscriptionEvent } from './event-text.ts'

const message = (text: string) => ['message', 'chat', text].map((part) => Buffer.from(part))

describe('toSubscriptionEvent()', () => {
  const cases: [string, string][] = [
    ['hello', 'data: message,chat,hello\n\n'],
    ['a,b', 'data: message,chat,a,b\n\n'],
    ['{"a":1}', 'data: message,chat,{"a":1}\n\n'],
    ['{\n"a":1}', 'data: message,chat,{ "a":1}\n\n'],
    ['two\r\nlines', 'data: message,chat,"two\\r\\nlines"\n\n'],
    ['', 'data: message,chat,\n\n'],
  ]
  it.each(cases)('toSubscriptionEvent() writes %j on one line', (text, event) => {
    expect(toSubscriptionEvent(message(text))).toBe(event)
  })

  it('toSubscriptionEvent() writes the number of subscriptions', () => {
    expect(toSubscriptionEvent([Buffer.from('subscribe'), Buffer.from('a\nb'), '1'])).toBe('data: subscribe,a b,1\n\n')
  })
})

describe('toMonitorEvent()', () => {
  it('toMonitorEvent() puts the first OK in quotes and leaves the lines as they are', () => {
    expect(toMonitorEvent(Buffer.from('OK'))).toBe('data: "OK"\n\n')
    expect(toMonitorEvent(Buffer.from('1.2 [0 a:1] "GET" "k"'))).toBe('data: 1.2 [0 a:1] "GET" "k"\n\n')
  })
})
