import type { ForceCalculator } from '../../src/dynamics/index.ts'
import { Structure } from '../../src/structures/index.ts'

/** E = Σ ½ k |r|², every atom in a well of its own. */
export function harmonicWell(k: number): ForceCalculator {
  return {
    calculate: async ({ positions }) => ({ energy: positions.reduce((sum, x) => sum + 0.5 * k * x * x, 0), forces: positions.map((x) => -k * x) }),
  }
}

/** E = Σ_pairs D (1 − exp(−a (r − r₀)))²: bonds that are not harmonic. */
export const morse: ForceCalculator = {
  calculate: async ({ positions: r, numAtoms }) => {
    const [depth, a, r0] = [4, 2, 1]
    const forces = new Float64Array(r.length)
    let energy = 0
    for (let i = 0; i < numAtoms; i++) {
      for (let j = 0; j < i; j++) {
        const d = [0, 1, 2].map((x) => (r[3 * i + x] ?? NaN) - (r[3 * j + x] ?? NaN))
        const length = Math.hypot(...d)
        const e = Math.exp(-a * (length - r0))
        energy += depth * (1 - e) ** 2
        d.forEach((component, x) => {
          const force = (-2 * depth * a * (1 - e) * e * component) / length
          forces[3 * i + x] = (forces[3 * i + x] ?? 0) + force
          forces[3 * j + x] = (forces[3 * j + x] ?? 0) - force
        })
      }
    }
    return { energy, forces }
  },
}

/** Four atoms, stretched and bent away from the minimum of {@link morse}. */
export const cluster = new Structure({ symbols: ['C', 'O', 'N', 'H'], positions: [[0, 0, 0], [1.1, 0, 0], [0.5, 0.9, 0], [0.5, 0.3, 0.8]] })
