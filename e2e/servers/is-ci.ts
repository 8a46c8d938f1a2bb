/** Environment variable CI set: then nothing may be skipped unseen. */
export const isCi = !['', '0', 'false'].includes(process.env.CI ?? '')
