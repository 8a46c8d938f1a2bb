import { mainStream, mapViewBox, sideStreams, streamCourse } from './stream-paths.ts'

const names = [
  { text: 'sleep', x: 948, y: 202 },
  { text: 'pulse', x: 1034, y: 274 },
  { text: 'steps', x: 1000, y: 504 },
  { text: 'weight', x: 640, y: 422 },
  { text: 'mood', x: 524, y: 558 },
] as const

const springs = [
  [930, 204],
  [1062, 300],
  [1010, 470],
  [690, 445],
  [560, 575],
] as const

/** A map on which every kind of measurement is a spring and all of them meet in one stream. Decorative. */
export function HeroMap() {
  return (
    <div aria-hidden="true" className="pointer-events-none absolute inset-0 select-none">
      <div className="contours absolute inset-0" />
      <svg viewBox={mapViewBox} preserveAspectRatio="xMidYMin slice" className="absolute inset-0 h-full w-full">
        <title>Streams that join</title>
        <path d={sideStreams} className="fill-stream" />
        <path d={mainStream} className="fill-stream" />
        <path d={streamCourse} className="current fill-none stroke-on-water-soft" strokeWidth="1.6" />
        {springs.map(([x, y]) => (
          <circle key={x} cx={x} cy={y} r="5.5" className="fill-paper stroke-stream" strokeWidth="2.4" />
        ))}
        {names.map(({ text, x, y }) => (
          <text key={text} x={x} y={y} className="water-name">
            {text}
          </text>
        ))}
      </svg>
    </div>
  )
}
