import { answerMetrics } from '../../../../api/answer-metrics.ts'
import { apiRoute } from '../../../../api/api-route.ts'

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = apiRoute({
  GET: { policy: 'admin', handle: answerMetrics },
})
