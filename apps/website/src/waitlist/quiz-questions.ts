import type { Quiz } from './join-input.ts'

/** What the page asks; the API takes any short text. */
export const quizQuestions = {
  apps: {
    step: 'Springs',
    question: 'What do you measure with today?',
    hint: 'As many as you like, or none.',
    options: ['Watch', 'Ring', 'Phone', 'Scale', 'Blood pressure cuff', 'Pen and paper'],
  },
  frustrations: {
    step: 'Silt',
    question: 'What is in the way?',
    hint: 'As many as you like.',
    options: [
      'Each device tells another story',
      'I see numbers and no reasons',
      'It praises or scolds me',
      'I cannot get my data out',
      'I stopped looking',
    ],
  },
  goal: {
    step: 'Course',
    question: 'What would you like to find out?',
    hint: 'One sentence is enough. Leave it empty if you do not know yet.',
  },
} as const

/** Longest answer to the question for the goal, in characters. */
export const longestGoal = 280

const chosen = (value: unknown, options: readonly string[]): string[] =>
  Array.isArray(value) ? options.filter((option) => value.includes(option)) : []

/** Of a form's fields those answers that the page can show again; undefined when there is none. Small enough for a cookie. */
export function heldQuiz(fields: unknown): Quiz | undefined {
  if (typeof fields !== 'object' || fields === null) return undefined
  const field = (name: string): unknown => Reflect.get(fields, name)
  const apps = chosen(field('apps'), quizQuestions.apps.options)
  const frustrations = chosen(field('frustrations'), quizQuestions.frustrations.options)
  const text = field('goal')
  const goal =
    typeof text === 'string'
      ? text
          .replaceAll(/\p{Cc}/gu, ' ')
          .trim()
          .slice(0, longestGoal)
      : ''
  return apps.length + frustrations.length + goal.length === 0 ? undefined : { apps, frustrations, goal }
}
