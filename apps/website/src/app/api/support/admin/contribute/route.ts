import { apiRoute } from '../../../../../api/api-route.ts'
import { answerContribute } from '../../../../../support/answer-contribute.ts'

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = apiRoute({
  POST: { policy: 'admin', handle: answerContribute },
})
