import type { GraphBatch } from '../structures/index.ts'

/**
 * `F_i = Σ_{edges from i} g_e − Σ_{edges into i} g_e` with `g_e = ∂E/∂vector_e`: forces −∂E/∂r, eV/Å, shape (N, 3).
 */
export function forcesFromEdges({ numNodes, numEdges, senders, receivers }: GraphBatch, gradients: ArrayLike<number>): Float64Array {
  const forces = new Float64Array(3 * numNodes)
  for (let e = 0; e < numEdges; e++) {
    const [sender, receiver] = [3 * (senders[e] ?? 0), 3 * (receivers[e] ?? 0)]
    for (let axis = 0; axis < 3; axis++) {
      const g = gradients[3 * e + axis] ?? 0
      forces[sender + axis] = (forces[sender + axis] ?? 0) + g
      forces[receiver + axis] = (forces[receiver + axis] ?? 0) - g
    }
  }
  return forces
}

/** `−∂E/∂ε = −½ Σ_e (v_e g_eᵀ + g_e v_eᵀ)` of every graph, eV, shape (graphs, 3, 3). */
export function virialsFromEdges({ numGraphs, edgeOffsets }: GraphBatch, vectors: ArrayLike<number>, gradients: ArrayLike<number>): Float64Array {
  const virials = new Float64Array(9 * numGraphs)
  for (let graph = 0; graph < numGraphs; graph++)
    for (let e = edgeOffsets[graph] ?? 0; e < (edgeOffsets[graph + 1] ?? 0); e++) addSymmetric(virials, 9 * graph, vectors, gradients, 3 * e, -0.5)
  return virials
}

/** `−½ Σ_i (w_i + w_iᵀ)` of `w_i = Σ_{edges into i} v gᵀ`, shape (N, 3, 3): the virial, eV, shape (3, 3). */
export function symmetricVirial(products: ArrayLike<number>): Float64Array {
  const virial = new Float64Array(9)
  for (let i = 0; i < products.length; i += 9)
    for (let a = 0; a < 3; a++)
      for (let b = 0; b < 3; b++) virial[3 * a + b] = (virial[3 * a + b] ?? 0) - 0.5 * ((products[i + 3 * a + b] ?? 0) + (products[i + 3 * b + a] ?? 0))
  return virial
}

/** The virial shared out to atoms: half of every edge's part to either end, eV, shape (N, 3, 3). */
export function atomicVirialsFromEdges(
  { numNodes, numEdges, senders, receivers }: GraphBatch,
  vectors: ArrayLike<number>,
  gradients: ArrayLike<number>,
): Float64Array {
  const virials = new Float64Array(9 * numNodes)
  for (let e = 0; e < numEdges; e++)
    for (const node of [senders[e] ?? 0, receivers[e] ?? 0]) addSymmetric(virials, 9 * node, vectors, gradients, 3 * e, -0.25)
  return virials
}

/** `target += factor · (v gᵀ + g vᵀ)`. */
function addSymmetric(target: Float64Array, offset: number, v: ArrayLike<number>, g: ArrayLike<number>, at: number, factor: number): void {
  for (let a = 0; a < 3; a++)
    for (let b = 0; b < 3; b++) {
      const product = (v[at + a] ?? 0) * (g[at + b] ?? 0) + (v[at + b] ?? 0) * (g[at + a] ?? 0)
      target[offset + 3 * a + b] = (target[offset + 3 * a + b] ?? 0) + factor * product
    }
}

/** `σ = −virial / V`. An absurd entry, of a cell without volume, becomes zero, as the reference does. */
export function stressFromVirial(virial: Float64Array, volume: number): Float64Array {
  return virial.map((entry) => {
    const stress = -entry / volume
    return Math.abs(stress) < 1e10 ? stress : 0
  })
}
