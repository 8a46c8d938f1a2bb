import { describe, expect, it } from 'vitest'
import { toMail } from './mail.ts'

const letter = { to: 'ada@example.org', subject: 'Your\r\nplace', paragraphs: ['Hello <b>Ada</b>,'] }

describe('toMail()', () => {
  it('says the same as text and as HTML, the address of its link included', () => {
    const url = 'https://headwater.example/confirm?a=1&b=2'
    const { text, html } = toMail({ ...letter, action: { label: 'Confirm', url }, closing: ['Headwater\nA site'] })
    expect(text).toBe(`Hello <b>Ada</b>,\n\nConfirm:\n${url}\n\nHeadwater\nA site\n`)
    const words = html
      .replaceAll(/<[^>]*>/g, '')
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&amp;', '&')
    expect(words).toBe(`Hello <b>Ada</b>,\nConfirm\n${url}\nHeadwater\nA site`)
    expect(html).toContain('href="https://headwater.example/confirm?a=1&amp;b=2"')
  })

  it('keeps a subject on one line', () => {
    expect(toMail(letter).subject).toBe('Your place')
  })
})
