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
