import { Structure } from '@equivar/mace'
import { seededNormals, seededNumbers } from './random.ts'

/** Molecules of liquid water per Å³. */
const density = 0.0334
/** O, H, H in Å. */
const molecule = [[0, 0, 0], [0.9572, 0, 0], [-0.24, 0.9266, 0]] as const

/** Rigid water molecules, turned at random, on a jittered periodic grid at the density of the liquid. @throws unless their number is a cube. */
export function waterBox(numMolecules: number): Structure {
  const k = Math.round(Math.cbrt(numMolecules))
  if (k ** 3 !== numMolecules || k < 1) throw new Error(`a box of water holds a cube of molecules, not ${numMolecules}`)
  const length = Math.cbrt(numMolecules / density)
  const jitter = seededNumbers(7, 3 * numMolecules, 0.6)
  const turns = seededNormals(8, 4 * numMolecules)
  const positions = Array.from({ length: numMolecules }, (_, n) => {
    const cell = [Math.floor(n / k ** 2), Math.floor(n / k) % k, n % k]
    const center = cell.map((index, axis) => ((index + 0.5) * length) / k + (jitter[3 * n + axis] ?? 0) - 0.3)
    return molecule.map((atom) => rotate(turns.subarray(4 * n, 4 * n + 4), atom).map((x, axis) => x + (center[axis] ?? 0)))
  }).flat()
  const cell = [[length, 0, 0], [0, length, 0], [0, 0, length]]
  return new Structure({ symbols: Array.from({ length: numMolecules }, () => ['O', 'H', 'H']).flat(), positions, cell, pbc: [true, true, true] })
}

/** A vector turned by a quaternion of any length: `v + 2 (w u × v + u × (u × v)) / |q|²`. */
function rotate(quaternion: Float64Array, vector: readonly number[]): readonly number[] {
  const [w = 1, ...u] = quaternion
  const square = w * w + u.reduce((sum, x) => sum + x * x, 0)
  const once = cross(u, vector)
  const twice = cross(u, once)
  return vector.map((x, axis) => x + (2 * (w * (once[axis] ?? 0) + (twice[axis] ?? 0))) / square)
}

function cross([a = 0, b = 0, c = 0]: readonly number[], [x = 0, y = 0, z = 0]: readonly number[]): readonly number[] {
  return [b * z - c * y, c * x - a * z, a * y - b * x]
}
