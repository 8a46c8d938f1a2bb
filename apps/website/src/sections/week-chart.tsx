import { toChartLabel } from './chart-label.ts'

const width = 420
const height = 170
const floor = 132
const slot = width / 7

const weekday = (date: string): string =>
  new Date(`${date}T00:00:00Z`).toLocaleDateString('en', { weekday: 'short', timeZone: 'UTC' })

/**
 * Seven days as posts in the water; a day that nobody measured is a ring on the ground. The same numbers stand in a table for
 * those who do not see the drawing.
 */
export function WeekChart(props: {
  title: string
  unit: string
  dates: readonly string[]
  values: readonly (number | null)[]
}) {
  const { title, unit, dates, values } = props
  const top = Math.max(1, ...values.map((value) => value ?? 0))
  const heightOf = (value: number): number => (value / top) * 104
  return (
    <>
      <svg viewBox={`0 0 ${width} ${height}`} className="h-auto w-full" aria-hidden="true">
        <path d={`M0 ${floor + 0.5}H${width}`} className="stroke-field" />
        {dates.map((date, index) => {
          const value = values[index] ?? null
          const x = index * slot + slot / 2
          return (
            <g key={date}>
              {value === null ? (
                <circle cx={x} cy={floor - 6} r="4" className="fill-none stroke-field" strokeWidth="2" />
              ) : (
                <>
                  <path d={`M${x} ${floor}V${floor - heightOf(value)}`} className="stroke-link" strokeWidth="16" />
                  <text
                    x={x}
                    y={floor - heightOf(value) - 8}
                    textAnchor="middle"
                    className="fill-ink font-sans text-[17px] lg:text-[12px]"
                  >
                    {toChartLabel(value, top)}
                  </text>
                </>
              )}
              <text
                x={x}
                y={height - 14}
                textAnchor="middle"
                className="fill-soft-ink font-sans text-[18px] lg:text-[13px]"
              >
                {weekday(date)}
              </text>
            </g>
          )
        })}
      </svg>
      <div className="sr-only">
        <table>
          <caption>{`${title}, ${unit}`}</caption>
          <tbody>
            {dates.map((date, index) => (
              <tr key={date}>
                <th scope="row">{date}</th>
                <td>{values[index] ?? 'not measured'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  )
}
