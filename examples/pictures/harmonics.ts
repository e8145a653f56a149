import { descriptors, HostArray, O3 } from '@equivar/core'
import { colors, drawing, outline, text } from './svg.ts'

const cell = 96
const numDirections = 144
const largestL = 3

/**
 * Harmonics as the library has them, one row for each l: |Y(direction)| as a distance from the middle, in that plane through the polar
 * axis (upwards, y) in which the function is largest; blue where it is positive, orange where negative.
 */
export function harmonicsPicture(): string {
  const { polynomial } = descriptors.sphericalHarmonics(new O3(1, -1), Array.from({ length: largestL + 1 }, (_, l) => l))
  const at = (x: number, y: number, z: number) => polynomial.evaluate(HostArray.from([x, y, z]))[0]?.data ?? []
  const width = cell * (2 * largestL + 1) + 60
  const height = cell * (largestL + 1) + 20
  const planes = Array.from({ length: 12 }, (_, k) => curves((k * Math.PI) / 12, at))
  const parts: string[] = []
  for (let l = 0, component = 0; l <= largestL; l++) {
    const y = cell * (l + 0.5) + 10
    parts.push(text(30, y + 5, `l = ${l}`))
    for (let m = -l; m <= l; m++, component++) {
      const x = 60 + cell * (m + largestL + 0.5)
      const largest = (plane: readonly Direction[]) => Math.max(...plane.map(({ values }) => Math.abs(values[component] ?? 0)))
      const plane = planes.reduce((best, other) => (largest(other) > largest(best) + 1e-9 ? other : best))
      const scale = (0.38 * cell) / largest(plane)
      for (const sign of [1, -1]) {
        const points = plane.map(({ across, up, values }) => {
          const r = scale * Math.max(0, sign * (values[component] ?? 0))
          return [x + r * across, y - r * up] as const
        })
        if (points.some(([px, py]) => Math.hypot(px - x, py - y) > 0.1)) parts.push(outline(points, { fill: colors[sign > 0 ? 0 : 1], 'fill-opacity': 0.75 }))
      }
      parts.push(text(x, y + 0.5 * cell - 2, `m = ${m}`, { 'font-size': 10, fill: '#777' }))
    }
  }
  return drawing(width, height, `Real spherical harmonics to l = ${largestL}`, parts)
}

interface Direction {
  readonly across: number
  readonly up: number
  readonly values: ArrayLike<number>
}

/** Directions of the plane that holds the polar axis and has an azimuth. */
function curves(azimuth: number, at: (x: number, y: number, z: number) => ArrayLike<number>): Direction[] {
  return Array.from({ length: numDirections }, (_, k) => {
    const angle = (2 * Math.PI * k) / numDirections
    const [across, up] = [Math.sin(angle), Math.cos(angle)]
    return { across, up, values: at(across * Math.sin(azimuth), up, across * Math.cos(azimuth)) }
  })
}
