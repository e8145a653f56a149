import { InputError, ShapeError } from '../errors.ts'
import { ComplexArray } from '../math/complex-array.ts'
import { HostArray } from '../math/host-array.ts'
import { inspectSymbol } from '../math/inspect.ts'
import { complexMatrixExponential } from '../math/linalg.ts'

/** Generators closer than this count as equal. */
const tolerance = 1e-8

/**
 * A representation of a Lie group: matrices `exp(Σ_a c_a X_a)` for its connected part and matrices `H_n` for its
 * discrete generators.
 *
 * Representations of complex type (SU2) override the `complex…` methods; the real ones then refuse instead of dropping
 * the imaginary part.
 */
export abstract class Rep {
  /** Dimension of the space that the matrices act on. */
  abstract readonly dim: number

  /** Structure constants `A_ijk` of shape (lie, lie, lie): `[X_i, X_j] = Σ_k A_ijk X_k`. */
  abstract algebra(): HostArray

  /** Generators `X` of the connected part, shape (lie, dim, dim). @throws {InputError} if they are not real. */
  abstract continuousGenerators(): HostArray

  /** Generators `H` of the discrete part, shape (discrete, dim, dim). */
  abstract discreteGenerators(): HostArray

  /** The one-dimensional representation that does nothing. */
  abstract trivial(): Rep

  /** `X` with its imaginary part. */
  complexGenerators(): ComplexArray {
    return new ComplexArray(this.continuousGenerators())
  }

  /** Number of continuous generators. */
  get lieDim(): number {
    return this.algebra().shape[0] ?? 0
  }

  /**
   * `H_0^{d_0} · H_1^{d_1} · … · exp(Σ_a c_a X_a)`, shape (dim, dim).
   *
   * @throws {ShapeError} if `c` or `d` has the wrong length.
   * @throws {InputError} if a number is not finite, a power not a non-negative integer, or the matrix not real.
   */
  expMap(c: ArrayLike<number>, d: ArrayLike<number> = this.noDiscrete()): HostArray {
    const matrix = this.complexExpMap(c, d)
    if (!matrix.isReal) throw new InputError(`expMap: the matrix of ${this.toString()} is complex; use complexExpMap()`)
    return matrix.re
  }

  /** {@link expMap} with its imaginary part. */
  complexExpMap(c: ArrayLike<number>, d: ArrayLike<number> = this.noDiscrete()): ComplexArray {
    this.checkParameters(c, d)
    return this.withDiscrete(this.connectedExpMap(Array.from(c)), d)
  }

  /** `exp(Σ_a c_a X_a)`; groups with a better formula than the matrix exponential override it. */
  protected connectedExpMap(c: readonly number[]): ComplexArray {
    const generators = this.complexGenerators()
    const factors = new ComplexArray(HostArray.from(c, [c.length]))
    return complexMatrixExponential(ComplexArray.einsum('a,aij->ij', factors, generators))
  }

  /** All X are zero and all H are the identity. */
  isScalar(): boolean {
    const generators = this.complexGenerators()
    const flat = [generators.re, generators.im].every((part) => part.data.every((value) => Math.abs(value) <= tolerance))
    const { dim } = this
    return flat && this.discreteGenerators().data.every((value, i) => Math.abs(value - (Math.floor(i / dim) % dim === i % dim ? 1 : 0)) <= tolerance)
  }

  /** Scalar and of dimension 1. */
  isTrivial(): boolean {
    return this.dim === 1 && this.isScalar()
  }

  /** Same dimension and same A, X and H, up to rounding. */
  equals(other: Rep): boolean {
    if (this === other) return true
    if (this.dim !== other.dim) return false
    const [x, y] = [this.complexGenerators(), other.complexGenerators()]
    return (
      close(this.algebra(), other.algebra()) &&
      close(x.re, y.re) &&
      close(x.im, y.im) &&
      close(this.discreteGenerators(), other.discreteGenerators())
    )
  }

  toString(): string {
    return `Rep(dim ${this.dim})`
  }

  [inspectSymbol](): string {
    return this.toString()
  }

  protected checkParameters(c: ArrayLike<number>, d: ArrayLike<number>): void {
    const [lie, discrete] = [this.lieDim, this.discreteGenerators().shape[0] ?? 0]
    if (c.length !== lie)
      throw new ShapeError(`expMap: ${this.toString()} has ${lie} continuous generators, but ${c.length} parameters were given; pass one for each`)
    if (d.length !== discrete)
      throw new ShapeError(`expMap: ${this.toString()} has ${discrete} discrete generators, but ${d.length} powers were given; pass one for each`)
    for (const value of Array.from(c)) if (!Number.isFinite(value)) throw new InputError(`expMap: the parameter ${value} is not finite`)
    for (const power of Array.from(d))
      if (!Number.isSafeInteger(power) || power < 0) throw new InputError(`expMap: the power ${power} of a discrete generator must be a non-negative integer`)
  }

  private noDiscrete(): readonly number[] {
    return Array.from({ length: this.discreteGenerators().shape[0] ?? 0 }, () => 0)
  }

  private withDiscrete(connected: ComplexArray, d: ArrayLike<number>): ComplexArray {
    const { dim } = this
    const generators = this.discreteGenerators()
    let matrix = connected
    for (let n = d.length - 1; n >= 0; n--) {
      const h = new ComplexArray(HostArray.from(generators.data.subarray(n * dim * dim, (n + 1) * dim * dim), [dim, dim]))
      for (let power = 0; power < (d[n] ?? 0); power++) matrix = ComplexArray.einsum('ij,jk->ik', h, matrix)
    }
    return matrix
  }
}

function close(a: HostArray, b: HostArray): boolean {
  return a.ndim === b.ndim && a.shape.every((extent, axis) => extent === b.shape[axis]) && a.maxAbsDifference(b) <= tolerance
}
