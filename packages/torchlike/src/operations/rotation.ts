import { descriptors, InputError, irMul, ShapeError, type EquivariantPolynomial, type Irreps, type IrrepsLike, type Layout } from '@equivar/core'
import * as engine from '@equivar/engine'
import type { MethodChoice, NDArray } from '@equivar/engine'
import { compute } from '../functions/combine.ts'
import { Tensor } from '../tensor/tensor.ts'
import { angleOf } from './angles.ts'
import { commonRows, layoutText, Operation } from './operation.ts'
import { irrepsOf, layoutOf, type CallOptions, type LayoutOptions, type OperationOptions } from './options.ts'
import { relayout } from './relayout.ts'

/**
 * `[cos(Lθ), …, cos θ, 1, sin θ, …, sin(Lθ)]` for every angle, [rows, 2L + 1]: as rotations take angles.
 *
 * @throws {InputError} unless L is an integer that is not negative.
 */
export function encodeRotationAngle(angle: Tensor, l: number): Tensor {
  return compute(() => encoded(angle.array, l))
}

/**
 * The angles β, α with R_y(α) R_x(β) e_y = v / |v|: β = acos y, α = atan2(x, z); at the poles and for the zero vector α = 0. Vectors are [rows, 3].
 *
 * @throws {ShapeError} unless rows have three numbers.
 */
export function vectorToEulerAngles(vectors: Tensor): { readonly beta: Tensor; readonly alpha: Tensor } {
  const [rows, width] = vectors.shape
  if (vectors.ndim !== 2 || width !== 3) throw new ShapeError(`vectorToEulerAngles: vectors have shape [${vectors.shape.join(', ')}]; they must be rows × 3`)
  const component = (i: number) => engine.reshape(engine.sliceAxis(vectors.array, 1, i, i + 1), [rows ?? 0])
  return {
    beta: compute(() => angleOf(engine.norm(engine.stack([component(0), component(2)], 1), { axes: 1 }), component(1))),
    alpha: compute(() => angleOf(component(0), component(2))),
  }
}

export interface RotationOptions extends OperationOptions, LayoutOptions {
  /** Of SO(3) or O(3). */
  readonly irreps: IrrepsLike
}

/**
 * `y = R_y(α) R_x(β) R_y(γ) x`: the rotation by Euler angles, in radians.
 *
 * `forward(gamma, beta, alpha, x, { useFallback? })`: angles are numbers, or tensors of one element or one a row; x [rows, irreps.dim] →
 * the same shape.
 *
 * @throws {InputError} if the irreps are of another group.
 */
export class Rotation extends Operation {
  readonly irreps: Irreps
  readonly layoutIn: Layout
  readonly layoutOut: Layout
  readonly #descriptor: EquivariantPolynomial
  readonly #lmax: number

  constructor(options: RotationOptions) {
    super(options)
    this.irreps = irrepsOf(options.irreps)
    this.layoutIn = layoutOf(options.layoutIn, options.layout)
    this.layoutOut = layoutOf(options.layoutOut, options.layout)
    this.#descriptor = descriptors.yxyRotation(this.irreps)
    this.#lmax = (this.#descriptor.inputs[0].dim - 1) / 2
  }

  /** @throws {ShapeError} {DimensionError} {DtypeError} if angles and x do not fit. */
  forward(gamma: Tensor | number, beta: Tensor | number, alpha: Tensor | number, x: Tensor, options: CallOptions = {}): Tensor {
    this.requireRows('x', x, this.irreps)
    const angles = { gamma, beta, alpha }
    for (const [name, angle] of Object.entries(angles)) {
      if (!(angle instanceof Tensor)) continue
      this.requireDtype(name, angle)
      if (angle.ndim > 1) throw new ShapeError(`Rotation: ${name} has shape [${angle.shape.join(', ')}]; it must be one number, or one a row`)
    }
    const rowsOf = (angle: Tensor | number) => (angle instanceof Tensor ? angle.size : 1)
    const batchSize = commonRows('Rotation', { x: x.shape[0], gamma: rowsOf(gamma), beta: rowsOf(beta), alpha: rowsOf(alpha) })
    return compute(() => {
      const operands = [gamma, beta, alpha].map((angle) => encoded(angle instanceof Tensor ? angle.array : engine.scalar(angle, x), this.#lmax))
      const input = relayout(x.array, this.irreps, this.layoutIn, irMul)
      return relayout(this.evaluateOne(this.#descriptor.polynomial, [...operands, input], { ...options, batchSize }), this.irreps, irMul, this.layoutOut)
    })
  }

  protected override compiledMethod(): MethodChoice {
    return 'uniform_1d'
  }

  protected override describe(): string {
    return layoutText(this.irreps, this.layoutIn)
  }
}

/** `y = H x` with the inversion H of O(3): odd irreps change sign. `forward(x)`: [rows, irreps.dim] → the same shape. */
export class Inversion extends Operation {
  readonly irreps: Irreps
  readonly layoutIn: Layout
  readonly layoutOut: Layout
  readonly #descriptor: EquivariantPolynomial

  /** @throws {InputError} if the group has no inversion. */
  constructor(options: RotationOptions) {
    super(options)
    this.irreps = irrepsOf(options.irreps)
    this.layoutIn = layoutOf(options.layoutIn, options.layout)
    this.layoutOut = layoutOf(options.layoutOut, options.layout)
    this.#descriptor = descriptors.inversion(this.irreps)
  }

  /** @throws {ShapeError} {DimensionError} {DtypeError} if x does not hold rows of the irreps. */
  forward(x: Tensor, options: CallOptions = {}): Tensor {
    this.requireRows('x', x, this.irreps)
    return compute(() => {
      const input = relayout(x.array, this.irreps, this.layoutIn, irMul)
      return relayout(this.evaluateOne(this.#descriptor.polynomial, [input], { ...options, batchSize: x.shape[0] ?? 0 }), this.irreps, irMul, this.layoutOut)
    })
  }

  protected override compiledMethod(): MethodChoice {
    return 'uniform_1d'
  }

  protected override describe(): string {
    return layoutText(this.irreps, this.layoutIn)
  }
}

function encoded(angle: NDArray, l: number): NDArray {
  if (!(Number.isSafeInteger(l) && l >= 0)) throw new InputError(`encodeRotationAngle: l is ${l}; it must be an integer that is not negative`)
  const multiples = engine.array(Float64Array.from({ length: l }, (_, m) => m + 1), { dtype: angle.dtype, device: angle.device })
  const phases = engine.mul(engine.reshape(angle, [angle.size, 1]), engine.reshape(multiples, [1, l]))
  const descending = engine.mul(engine.reshape(angle, [angle.size, 1]), engine.reshape(engine.sub(l + 1, multiples), [1, l]))
  return engine.concatenate([engine.cos(descending), engine.broadcastTo(engine.scalar(1, angle), [angle.size, 1]), engine.sin(phases)], 1)
}
