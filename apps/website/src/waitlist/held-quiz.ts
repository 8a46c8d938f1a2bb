import { stripHidden } from '../api/readable-text.ts'
import type { Quiz } from './join-input.ts'
import { longestGoal, quizQuestions } from './quiz-questions.ts'

const chosen = (value: unknown, options: readonly string[]): string[] =>
  Array.isArray(value) ? options.filter((option) => value.includes(option)) : []

/** Of a form's fields those answers that the page can show again, without what nobody would see and so could not mend; undefined when there is none. Small enough for a cookie. */
export function heldQuiz(fields: unknown): Quiz | undefined {
  if (typeof fields !== 'object' || fields === null) return undefined
  const field = (name: string): unknown => Reflect.get(fields, name)
  const apps = chosen(field('apps'), quizQuestions.apps.options)
  const frustrations = chosen(field('frustrations'), quizQuestions.frustrations.options)
  const text = field('goal')
  const goal =
    typeof text === 'string'
      ? stripHidden(
          text
            .replaceAll(/\p{Cc}/gu, ' ')
            .trim()
            .slice(0, longestGoal),
        )
      : ''
  return apps.length + frustrations.length + goal.length === 0 ? undefined : { apps, frustrations, goal }
}
