import { createSeedRoutes } from '../seed-routes.ts'
import { createSiteRoutes } from '../site-routes.ts'

const credentials = { url: process.env.REST_URL ?? '', token: process.env.REST_TOKEN ?? '' }

/** Both ways in one app, so that both are compiled and served alike. */
export const ways = { site: createSiteRoutes(credentials), seed: createSeedRoutes(credentials) }

/** @param {string | undefined} way */
export const toWay = (way) => (way === 'site' ? ways.site : ways.seed)

/** @param {Request} request */
export const visitorOf = (request) => request.headers.get('x-visitor') ?? ''
