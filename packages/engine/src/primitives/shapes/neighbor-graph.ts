import { InputError, ShapeError } from '@equivar/core'
import { formatShape } from '../../array/shape.ts'
import { gridLength } from '../../kernels/neighbor-graph/walk.ts'
import { padding } from '../../kernels/neighbor-list/wrap.ts'
import type { ShapeRule } from '../rules.ts'
import { requireDtype } from './elementwise.ts'

const names = ['points', 'places', 'binStarts', 'grid', 'shifts'] as const

export const neighborGraphShape: ShapeRule<'neighborGraph'> = {
  shape(inputs, { numPairs, slots }) {
    if (inputs.length !== names.length) throw new ShapeError(`neighborGraph: needs ${names.join(', ')}, got ${inputs.length} arrays`)
    for (const [i, name] of names.entries()) if (inputs[i]) requireDtype(`neighborGraph: ${name}`, inputs[i], 'int32')
    const [points = [], places = [], binStarts = [], grid = [], shifts = []] = inputs.map(({ shape }) => shape)
    const numAtoms = (points[1] ?? 0) - padding
    const isFit =
      points.length === 2 && points[0] === 3 && numAtoms >= 1 && places.length === 2 && places[0] === 2 && places[1] === points[1] &&
      binStarts.length === 1 && grid.length === 1 && grid[0] === gridLength && shifts.length === 2 && shifts[1] === 3 && (shifts[0] ?? 0) >= 1
    if (!isFit)
      throw new ShapeError(`neighborGraph: shapes ${[points, places, binStarts, grid, shifts].map(formatShape).join(', ')} are not those that neighborPoints makes of at least one atom`)
    for (const [name, value] of [['numPairs', numPairs], ['slots', slots]] as const)
      if (!(Number.isSafeInteger(value) && value >= 1)) throw new InputError(`neighborGraph: ${name} is ${value}, but must be a positive integer`)
    const numEdges = 2 * numPairs
    const int32 = (length: number) => ({ dtype: 'int32', shape: [length] }) as const
    return [numEdges, numEdges, numEdges, numEdges, numPairs, 3, numAtoms + 1, numEdges, numEdges, numPairs + 1, numEdges, numEdges + 1].map(int32)
  },
}
