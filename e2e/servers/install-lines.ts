/** What to run on Debian when a program that a test needs is missing. */
export const installLine = {
  redis: 'apt-get install -y redis-server',
  postgres: 'apt-get install -y postgresql',
  pgbouncer: 'apt-get install -y pgbouncer',
  chromium: 'apt-get install -y chromium',
  openssl: 'apt-get install -y openssl',
} as const

/** The programs that tests may need. */
export type ServerName = keyof typeof installLine
