import { evaluateModel, readFrames } from '../aspirin/evaluate.ts'
import { errorsOf } from '../aspirin/statistics.ts'
import { colors, drawing, element, text } from './svg.ts'

const [size, margin] = [420, 60]

/** Force components of aspirin by a trained model over those of DFT: every point is one component of one atom. */
export async function parityPicture(): Promise<string> {
  const { predicted, dft, numStructures } = await evaluateModel('aspirin_l1_c64', await readFrames(), 24, () => undefined)
  const largest = Math.ceil([...dft.forces, ...predicted.forces].reduce((most, force) => Math.max(most, Math.abs(force)), 0))
  const place = (force: number) => ((force + largest) / (2 * largest)) * size
  const [x, y] = [(force: number) => margin + place(force), (force: number) => margin + size - place(force)]
  // A line of no length with round ends is a point, in few bytes.
  const points = dft.forces.map((force, i) => `M${x(force).toFixed(1)} ${y(predicted.forces[i] ?? Number.NaN).toFixed(1)}h0`)
  const ticks = [-largest, 0, largest].flatMap((force) => [
    text(x(force), margin + size + 18, `${force}`, { fill: '#555' }),
    text(margin - 8, y(force) + 5, `${force}`, { 'text-anchor': 'end', fill: '#555' }),
  ])
  const error = 1000 * errorsOf(predicted.forces, dft.forces).meanAbsolute
  return drawing(size + 2 * margin, size + 2 * margin, 'Forces of aspirin: MACE against DFT', [
    text(margin + size / 2, 34, `Forces in ${numStructures} configurations of aspirin: mean error ${error.toFixed(1)} meV/Å`, { 'font-size': 15 }),
    element('rect', { x: margin, y: margin, width: size, height: size, fill: 'none', stroke: '#999' }),
    element('path', { d: `M${margin} ${margin + size}L${margin + size} ${margin}`, stroke: '#999' }),
    element('path', { d: points.join(''), stroke: colors[0], 'stroke-width': 3.5, 'stroke-linecap': 'round', 'stroke-opacity': 0.55 }),
    ...ticks,
    text(margin + size / 2, margin + size + 42, 'DFT / (eV/Å)'),
    text(0, 0, 'MACE / (eV/Å)', { transform: `translate(${margin - 34} ${margin + size / 2}) rotate(-90)` }),
  ])
}
