const questions = [
  {
    question: 'When does it open?',
    answer:
      'In the order of the list, in small groups, so that each group’s problems are solved before the next one comes. You get one mail when it is your turn.',
  },
  {
    question: 'What does a founding place mean?',
    answer: 'The first thirty people come in first, and help to decide which devices are connected next.',
  },
  {
    question: 'How does a friend move me up?',
    answer:
      'Each person who joins by your link and confirms the address moves you five places up. The link is shown after you join.',
  },
  {
    question: 'Which devices will it read?',
    answer:
      'Anything that can send sleep, steps, pulse, weight or mood as numbers with a time. Devices without an export of their own go through the health store of your phone.',
  },
  {
    question: 'Is it a medical product?',
    answer: 'No. It shows when something changed and what changed before. What that means is for you and your doctor.',
  },
] as const

export function Questions() {
  return (
    <section id="questions" aria-labelledby="questions-title" className="border-t border-rule">
      <div className="mx-auto grid max-w-[76rem] gap-x-16 gap-y-8 px-5 py-20 sm:px-8 sm:py-28 lg:grid-cols-[22rem_1fr]">
        <div>
          <h2 id="questions-title" className="text-[clamp(2rem,5vw,3.1rem)]">
            Questions
          </h2>
          <p className="mt-4">
            <a href="#join">Join the list</a>
          </p>
        </div>
        <div>
          {questions.map(({ question, answer }) => (
            <details key={question} className="disclosure border-b border-rule first:border-t">
              <summary className="flex items-baseline justify-between gap-6 py-5 text-[1.25rem]">
                {question}
                <span aria-hidden="true" className="fork font-sans text-[1.4rem] leading-none text-link">
                  +
                </span>
              </summary>
              <p className="max-w-[56ch] pb-6 text-soft-ink">{answer}</p>
            </details>
          ))}
        </div>
      </div>
    </section>
  )
}
