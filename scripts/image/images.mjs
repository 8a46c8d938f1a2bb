/**
 * What `npm run image` tries of an image. `env` is what the table of the README asks of a host, with addresses of this machine and secrets of
 * one run; each of `paths` must be answered with 200.
 * @typedef {{ env: Readonly<Record<string, string>>, paths: readonly (readonly [what: string, path: string])[] }} Image
 */

/** By the folder below `apps`. @type {Readonly<Record<string, Image>>} */
export const images = {
  'cloud-brain': {
    // No token is verified here.
    env: {
      AUTH_JWKS_URL: 'http://127.0.0.1:9/jwks',
      AUTH_ISSUER: 'https://id.example',
      AUTH_AUDIENCE: 'phone',
      CACHE_KEY_SECRET: 'a secret of this run only',
    },
    paths: [
      ['it is ready: the database in DATA_DIR is open and migrated', '/readyz'],
      ['it shows its documentation', '/docs/swagger-ui-bundle.js'],
    ],
  },
  website: {
    // No mail is sent here.
    env: {
      SITE_URL: 'https://headwater.example',
      CLIENT_ADDRESS: 'proxies:1',
      COOKIE_SECRET: 'a secret of this run only, long enough',
      CACHE_KEY_SECRET: 'another secret of this run, long enough',
      RESEND_API_KEY: 're_of_this_run_only',
      RESEND_API_URL: 'http://127.0.0.1:9',
      MAIL_FROM: 'Headwater <hello@headwater.example>',
      TEAM_EMAIL: 'team@headwater.example',
    },
    paths: [
      ['it is ready: the database in DATA_DIR is open and migrated', '/readyz'],
      ['it shows its home page', '/'],
      ['it answers from its database', '/api/waitlist/stats'],
    ],
  },
}
