import { add, besselBasis, chebyshevBasis, div, gaussianBasis, mul, polynomialCutoff, pow, reshape, stopGradient, sub, take, tanh, type NDArray } from '@equivar/engine'
import type { RadialDefinition } from '../definition.ts'
import type { GraphArrays } from './graph.ts'
import type { Parameters } from './parameters.ts'

/**
 * Derivatives of models with a Chebyshev basis. `reference`: what mace-torch computes, and trains on: torch treats Chebyshev
 * polynomials as constants under differentiation, so the basis' part of the derivative is missing. `exact`: with that part,
 * so that forces are −∂E/∂r.
 */
export type ChebyshevForces = 'exact' | 'reference'

export interface RadialOutput {
  /** [E, count], or [P, count] for pairs of edges */
  readonly features: NDArray
  /** [E or P, 1], given when the cutoff multiplies the tensor-product weights instead of the features. */
  readonly cutoff: NDArray | undefined
  /** [E] int32, the row of every edge, if rows are pairs. */
  readonly rows: NDArray | undefined
}

/** A row for every edge. */
export function perEdge(x: NDArray, { rows }: Pick<RadialOutput, 'rows'>): NDArray {
  return rows ? take(x, rows) : x
}

type RadialGraph = Pick<GraphArrays, 'senders' | 'receivers' | 'atomicNumbers' | 'pairs'>

/** What decides the radial features: of every edge, or of one edge of every pair. */
interface RadialEdges extends Pick<GraphArrays, 'senders' | 'receivers' | 'atomicNumbers'> {
  readonly lengths: NDArray
}

function radialEdges(lengths: NDArray, { senders, receivers, atomicNumbers, pairs }: RadialGraph): RadialEdges {
  if (!pairs) return { lengths, senders, receivers, atomicNumbers }
  const { edgeOfPair } = pairs
  return { lengths: take(lengths, edgeOfPair), senders: take(senders, edgeOfPair), receivers: take(receivers, edgeOfPair), atomicNumbers }
}

/**
 * Radial features of every edge: `R_n = φ_n(T(r)) f(r)`, where the cutoff f sees the distance r itself and the basis φ
 * the transformed distance T(r).
 *
 * @param lengths [E] distances in Å.
 */
export function radialEmbedding(
  definition: RadialDefinition,
  parameters: Parameters,
  cutoffRadius: number,
  lengths: NDArray,
  graph: RadialGraph,
  chebyshevForces: ChebyshevForces,
): RadialOutput {
  const edges = radialEdges(lengths, graph)
  const cutoff = column(polynomialCutoff(edges.lengths, cutoffRadius, definition.cutoffOrder))
  const distance = transformDistance(definition.transform, parameters.at('distance_transform'), edges)
  const features = radialBasis(definition.basis, parameters.at('bessel_fn'), distance, chebyshevForces)
  const rows = graph.pairs?.pairOfEdge
  return definition.applyCutoff ? { features: mul(features, cutoff), cutoff: undefined, rows } : { features, cutoff, rows }
}

function radialBasis(basis: RadialDefinition['basis'], parameters: Parameters, x: NDArray, chebyshevForces: ChebyshevForces): NDArray {
  switch (basis.kind) {
    case 'bessel':
      return mul(besselBasis(x, parameters.get('bessel_weights'), 1), parameters.get('prefactor'))
    case 'gaussian':
      return gaussianBasis(x, parameters.get('gaussian_weights'), basis.coefficient)
    case 'chebyshev':
      return chebyshevBasis(chebyshevForces === 'exact' ? x : stopGradient(x), basis.count)
  }
}

/**
 * - agnesi: `T = 1 / (1 + a u^q / (1 + u^{q−p}))`, u = 2 r / (ρ_s + ρ_r)
 * - soft: `T = p_0 + (r − p_0) (1 + tanh(α (r − m))) / 2`, p_0 = ¾ (ρ_s + ρ_r), p_1 = 4/3 (ρ_s + ρ_r), m their mean,
 *   α = alpha / (p_1 − p_0)
 *
 * with the covalent radii ρ of the two atoms, as stored in the model.
 */
function transformDistance(kind: RadialDefinition['transform'], parameters: Parameters, edges: RadialEdges): NDArray {
  const { lengths } = edges
  if (kind === null) return lengths
  const radii = sumOfRadii(parameters.get('covalent_radii'), edges)
  if (kind === 'agnesi') {
    const [q, p, a] = [parameters.get('q'), parameters.get('p'), parameters.get('a')]
    const u = div(mul(lengths, 2), radii)
    return div(1, add(div(mul(pow(u, q), a), add(pow(u, sub(q, p)), 1)), 1))
  }
  const start = mul(radii, 3 / 4)
  const end = mul(radii, 4 / 3)
  const middle = mul(add(start, end), 0.5)
  const steepness = div(parameters.get('alpha'), sub(end, start))
  const switching = add(tanh(mul(steepness, sub(lengths, middle))), 1)
  return add(start, mul(mul(sub(lengths, start), switching), 0.5))
}

/** [E] ρ_sender + ρ_receiver. */
export function sumOfRadii(radiiByNumber: NDArray, graph: Pick<GraphArrays, 'senders' | 'receivers' | 'atomicNumbers'>): NDArray {
  const perAtom = take(radiiByNumber, graph.atomicNumbers)
  return add(take(perAtom, graph.senders), take(perAtom, graph.receivers))
}

/** [E] → [E, 1] */
export function column(x: NDArray): NDArray {
  return reshape(x, [x.size, 1])
}
