import { apiRoute } from '../../../../../api/api-route.ts'
import { answerEmpty } from '../../../../../support/answer-empty.ts'

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = apiRoute({
  POST: { policy: 'admin', handle: answerEmpty },
})
