import { add, array, cast, div, exp, matmul, mul, neg, polynomialCutoff, pow, reshape, segmentSum, take, type NDArray } from '@equivar/engine'
import type { Edges } from './edges.ts'
import type { Parameters } from './parameters.ts'
import { column, sumOfRadii } from './radial.ts'

/** e²/(4πε₀) in eV·Å and the Bohr radius in Å, to the digits the reference uses. */
const coulomb = 14.3996
const bohr = 0.529
const screeningExponents = [3.2, 0.9423, 0.4028, 0.2016]

/**
 * Repulsion of screened nuclei, [numRows] eV, for edges between nodes of such `atomicNumbers`:
 * `P_i = Σ_{edges into i} ½ · 14.3996 Z_s Z_r / r · Σ_k c_k exp(−d_k r / a) · f(r / (ρ_s + ρ_r))`,
 * `a = a₀ · 0.529 / (Z_s^x + Z_r^x)`. Source: Ziegler, Biersack, Littmark, The Stopping and Range of Ions in Solids (1985).
 */
export function pairRepulsion(cutoffOrder: number, parameters: Parameters, atomicNumbers: NDArray, edges: Edges): NDArray {
  const { dtype } = parameters
  const { lengths, senders, receivers, rows, numRows } = edges
  const numbers = cast(atomicNumbers, dtype)
  const [sender, receiver] = [take(numbers, senders), take(numbers, receivers)]
  const exponent = parameters.get('a_exp')
  const screening = div(mul(parameters.get('a_prefactor'), bohr), add(pow(sender, exponent), pow(receiver, exponent)))
  const decays = array(screeningExponents, { shape: [1, screeningExponents.length], dtype })
  const screened = exp(neg(mul(column(div(lengths, screening)), decays)))
  const phi = reshape(matmul(screened, reshape(parameters.get('c'), [screeningExponents.length, 1])), lengths.shape)
  const energy = mul(div(mul(mul(sender, receiver), phi), lengths), coulomb / 2)
  const cutoff = polynomialCutoff(lengths, sumOfRadii(parameters.get('covalent_radii'), { senders, receivers, atomicNumbers }), cutoffOrder)
  return segmentSum(mul(energy, cutoff), rows, numRows)
}
