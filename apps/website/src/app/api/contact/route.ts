import { apiRoute } from '../../../api/api-route.ts'
import { answerContact, contactReturns } from '../../../contact/answer-contact.ts'

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = apiRoute({
  POST: { policy: 'general', handle: answerContact, ...contactReturns },
})
