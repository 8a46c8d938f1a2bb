import { expect } from 'vitest'
import { callSite } from './call-site.ts'

/** The path of the link in the newest mail to `email`, read from the local mailbox as soon as it is there. */
export async function readMailLink(url: string, email: string): Promise<string> {
  const find = async (): Promise<string | undefined> => {
    const page = (await callSite(`${url}/dev/mail`)).text.replaceAll('<!-- -->', '')
    const mail = page.split('<li').find((part) => part.includes(`to ${email}, `))
    return /href="(\/confirm\?token=[^"]+)"/.exec(mail ?? '')?.[1]
  }
  let path: string | undefined
  await expect
    .poll(
      async () => {
        path = await find()
        return path !== undefined
      },
      { timeout: 15_000 },
    )
    .toBe(true)
  return path ?? ''
}

export const tokenOf = (path: string): string => new URL(path, 'http://localhost').searchParams.get('token') ?? ''
