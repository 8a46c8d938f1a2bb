/** Springs along a stream, one for each step; those behind are filled. Not where scripts are off: there are no steps then. */
export function StepProgress({ names, current }: { names: readonly string[]; current: number }) {
  return (
    <ol className="stepping stepping-row mb-8" aria-label="Steps">
      {names.map((name, index) => (
        <li key={name} aria-current={index === current ? 'step' : undefined} className="relative flex-1">
          <svg
            viewBox="0 0 100 16"
            preserveAspectRatio="none"
            className="absolute left-2 top-0 h-4 w-full"
            aria-hidden="true"
          >
            {index < names.length - 1 && (
              <path
                d="M0 8C20 2 34 14 52 8s30-6 48 0"
                vectorEffect="non-scaling-stroke"
                className={index < current ? 'fill-none stroke-link' : 'fill-none stroke-rule'}
                strokeWidth={index < current ? 4 : 2}
              />
            )}
          </svg>
          <svg viewBox="0 0 16 16" className="relative block size-4" aria-hidden="true">
            <circle
              cx="8"
              cy="8"
              r="6"
              strokeWidth="2.4"
              className={
                index < current
                  ? 'fill-link stroke-link'
                  : index === current
                    ? 'fill-sheet stroke-link'
                    : 'fill-sheet stroke-field'
              }
            />
          </svg>
          <span className={`map-label mt-2 block ${index === current ? 'text-ink' : 'text-soft-ink'}`}>
            {name}
            {index < current && <span className="sr-only">, done</span>}
          </span>
        </li>
      ))}
    </ol>
  )
}
