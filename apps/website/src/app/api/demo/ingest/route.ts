import { apiRoute } from '../../../../api/api-route.ts'
import { answerIngest, ingestReturns } from '../../../../demo/answer-ingest.ts'

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = apiRoute({
  POST: { policy: 'waitlist', handle: answerIngest, ...ingestReturns },
})
