import { ComplexArray } from '../math/complex-array.ts'
import { einsum } from '../math/einsum.ts'
import { HostArray } from '../math/host-array.ts'
import { matrixExponential } from '../math/linalg.ts'
import { quarterTurnAboutX, realToComplex } from './real-basis.ts'

/** Structure constants of angular momentum, `A_ijk = ε_ijk`: 1 for cyclic (0, 1, 2), −1 for anticyclic. */
export const leviCivita: HostArray = HostArray.from([
  [[0, 0, 0], [0, 0, 1], [0, -1, 0]],
  [[0, 0, -1], [0, 0, 0], [1, 0, 0]],
  [[0, 1, 0], [-1, 0, 0], [0, 0, 0]],
])

/**
 * Generators of SU(2) for doubled j, component k ↔ m = k − j. With the ladder matrices R (sub-diagonal,
 * −√(j(j+1) − m(m+1))) and L (super-diagonal, √(j(j+1) − m(m−1))): `X_0 = (R + L)/2`, `X_1 = diag(i·m)`,
 * `X_2 = −(i/2)(R − L)`. The second axis, y, is the diagonal one.
 */
export function su2Generators(twoJ: number): ComplexArray {
  const dim = twoJ + 1
  const re = new Float64Array(3 * dim * dim)
  const im = new Float64Array(3 * dim * dim)
  for (let k = 0; k < dim; k++) {
    im[(dim + k) * dim + k] = k - twoJ / 2
    if (k === 0) continue
    // j(j+1) − m(m−1) with m = k − j is k·(2j + 1 − k), an exact integer.
    const ladder = Math.sqrt(k * (dim - k)) / 2
    re[k * dim + k - 1] = -ladder
    re[(k - 1) * dim + k] = ladder
    im[(2 * dim + k) * dim + k - 1] = ladder
    im[(2 * dim + k - 1) * dim + k] = ladder
  }
  const shape = [3, dim, dim]
  return new ComplexArray(new HostArray(shape, re), new HostArray(shape, im))
}

/** Generators of SO(3) in the real basis, `X = Q† X_SU2 Q`: l = 1 is (x, y, z). */
export function so3Generators(l: number): HostArray {
  const q = realToComplex(l)
  const generators = su2Generators(2 * l)
  const half = ComplexArray.einsum('aij,jk->aik', generators, q)
  return ComplexArray.einsum('ij,aik->ajk', q.conj(), half).re.map((value) => (value === 0 ? 0 : value))
}

/** The unit vector along c and its length; the y axis for c = 0. */
function axisAngle(c: readonly number[]): { axis: readonly [number, number, number]; angle: number } {
  const [x = 0, y = 0, z = 0] = c
  const angle = Math.hypot(x, y, z)
  return angle === 0 ? { axis: [0, 1, 0], angle } : { axis: [x / angle, y / angle, z / angle], angle }
}

/**
 * `exp(Σ c_a X_a)` of the real irrep l: with α, β the angles that turn the y axis onto c/|c|,
 * `R = D · R_y(|c|) · Dᵀ`, `D = R_y(α) R_x(β)`. Products of orthogonal matrices stay accurate at every l, and rotations
 * about the axes come out exact.
 */
export function so3Exp(l: number, c: readonly number[]): HostArray {
  const { axis, angle } = axisAngle(c)
  const [x, y, z] = axis
  const about = yRotation(l, angle)
  const sine = Math.hypot(x, z)
  if (sine === 0) return y > 0 ? about : yRotation(l, -angle)
  const turn = einsum('ij,jk->ik', yRotation(l, Math.atan2(x, z)), xRotation(l, Math.atan2(sine, y)))
  return einsum('ij,jk,lk->il', turn, about, turn)
}

/** Rotation about y: out₋ₘ = cos(mθ) in₋ₘ + sin(mθ) in₊ₘ and out₊ₘ = −sin(mθ) in₋ₘ + cos(mθ) in₊ₘ. */
function yRotation(l: number, angle: number): HostArray {
  const dim = 2 * l + 1
  const data = new Float64Array(dim * dim)
  for (let m = -l; m <= l; m++) {
    data[(l + m) * dim + l + m] = Math.cos(m * angle)
    // Adding 0 turns −0 into 0.
    if (m !== 0) data[(l + m) * dim + l - m] = -Math.sin(m * angle) + 0
  }
  return new HostArray([dim, dim], data)
}

/** `R_x(β) = Zᵀ R_y(β) Z`, where Z is the quarter turn about z that takes x to y. */
function xRotation(l: number, angle: number): HostArray {
  const quarter = quarterTurnAboutZ(l)
  return einsum('ji,jk,kl->il', quarter, yRotation(l, angle), quarter)
}

const quarterTurns = new Map<number, HostArray>()

/** `Z = Yᵀ X Y` of quarter turns: Yᵀ takes the x axis to z. Y only permutes components, so that every entry is exact. */
function quarterTurnAboutZ(l: number): HostArray {
  let matrix = quarterTurns.get(l)
  if (!matrix) {
    const y = yRotation(l, Math.PI / 2).map(Math.round)
    matrix = einsum('ji,jk,kl->il', y, quarterTurnAboutX(l), y)
    quarterTurns.set(l, matrix)
  }
  return matrix
}

/** `exp(Σ c_a X_a)` of SU(2), for doubled j; the same decomposition as {@link so3Exp}. */
export function su2Exp(twoJ: number, c: readonly number[]): ComplexArray {
  const { axis, angle } = axisAngle(c)
  const [x, y, z] = axis
  const about = su2Y(twoJ, angle)
  const sine = Math.hypot(x, z)
  if (sine === 0) return y > 0 ? about : su2Y(twoJ, -angle)
  const turn = ComplexArray.einsum('ij,jk->ik', su2Y(twoJ, Math.atan2(x, z)), su2X(twoJ, Math.atan2(sine, y)))
  return ComplexArray.einsum('ik,lk->il', ComplexArray.einsum('ij,jk->ik', turn, about), turn.conj())
}

function su2Y(twoJ: number, angle: number): ComplexArray {
  const dim = twoJ + 1
  const m = (k: number) => k - twoJ / 2
  const diagonal = (f: (phase: number) => number) =>
    new HostArray([dim, dim], Float64Array.from({ length: dim * dim }, (_, flat) => (flat % (dim + 1) === 0 ? f(m(flat / (dim + 1)) * angle) : 0)))
  return new ComplexArray(diagonal(Math.cos), diagonal(Math.sin))
}

function su2X(twoJ: number, angle: number): ComplexArray {
  const dim = twoJ + 1
  const x = HostArray.from(su2Generators(twoJ).re.data.subarray(0, dim * dim), [dim, dim])
  return new ComplexArray(matrixExponential(x.scale(angle)))
}
