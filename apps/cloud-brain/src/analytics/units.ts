import { z } from '@hono/zod-openapi'

/** What texts say weights in. Figures are metric, whoever reads them. */
export const Units = z.enum(['metric', 'imperial'])
export type Units = z.infer<typeof Units>

/** An international avoirdupois pound. */
export const KG_PER_POUND = 0.45359237
