import { DimensionError, DtypeError, InputError, InternalError, IrrepsAndLayout, ShapeError, type Irreps, type Layout, type Rep, type SegmentedPolynomial } from '@equivar/core'
import * as engine from '@equivar/engine'
import { defaultDevice, type Device, type FloatDType, type Gathered, type MethodChoice, type NDArray, type OutputTarget } from '@equivar/engine'
import { defaultDtype } from '../autograd/defaults.ts'
import { Module } from '../module/module.ts'
import { Parameter } from '../module/parameter.ts'
import { randn } from '../functions/random.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { fallbackMethod, type CallOptions, type OperationOptions } from './options.ts'

export interface EvaluationOptions extends CallOptions {
  readonly outputs?: readonly OutputTarget[]
  readonly batchSize?: number
}

/** A module around segmented polynomials: dtypes, methods and checks that all of them share. */
export abstract class Operation extends Module {
  readonly mathDtype: FloatDType | undefined
  readonly method: MethodChoice
  /** Where parameters were made. */
  protected readonly initialDevice: Device
  #dtype: FloatDType

  constructor({ dtype, mathDtype, device = defaultDevice(), method, useFallback }: OperationOptions) {
    super()
    if (method !== undefined && useFallback !== undefined)
      throw new InputError(`${new.target.name}: method and useFallback say the same; pass method alone`)
    this.#dtype = dtype ?? mathDtype ?? defaultDtype()
    this.mathDtype = mathDtype
    this.initialDevice = device
    this.method = method ?? (useFallback === undefined ? 'auto' : fallbackMethod(useFallback, this.compiledMethod()))
  }

  /** Of parameters and inputs. */
  get dtype(): FloatDType {
    return this.#dtype
  }

  /** The method that `useFallback: false` stands for. */
  protected compiledMethod(): MethodChoice {
    return 'fused_tp'
  }

  protected override convertedTo(dtype: FloatDType): void {
    this.#dtype = dtype
  }

  /** A parameter of normal numbers; normalisation lies in the coefficients of polynomials. */
  protected normalParameter(shape: readonly number[]): Parameter {
    using initial = randn(shape, { dtype: this.#dtype, device: this.initialDevice })
    return new Parameter(initial)
  }

  /** `outputs = polynomial(inputs)` in the dtype of computation, back in that of the module; to be called inside of a scope. */
  protected evaluate(polynomial: SegmentedPolynomial, inputs: readonly (NDArray | Gathered)[], options: EvaluationOptions = {}): NDArray[] {
    const { useFallback, outputs: targets, batchSize } = options
    const compiled = this.method === 'auto' || this.method === 'naive' ? this.compiledMethod() : this.method
    const chosen = useFallback === undefined ? this.method : fallbackMethod(useFallback, compiled)
    const math = this.mathDtype ?? this.#dtype
    const converted = inputs.map((input) => (input instanceof engine.NDArray ? engine.cast(input, math) : { ...input, array: engine.cast(input.array, math) }))
    const outputs = engine.segmentedPolynomial(polynomial, converted, {
      ...(targets ? { outputs: targets } : {}),
      ...(batchSize === undefined ? {} : { batchSize }),
      ...(chosen === 'auto' ? {} : { method: chosen }),
    })
    return outputs.map((output) => engine.cast(output, this.#dtype))
  }

  /** The only output of {@link Operation.evaluate}. */
  protected evaluateOne(polynomial: SegmentedPolynomial, inputs: readonly (NDArray | Gathered)[], options: EvaluationOptions = {}): NDArray {
    const [output] = this.evaluate(polynomial, inputs, options)
    if (!output) throw new InternalError(`${this.constructor.name} without an output`)
    return output
  }

  /** @throws {DtypeError} unless the tensor has the dtype of the module. */
  protected requireDtype(name: string, x: Tensor): void {
    if (x.dtype !== this.#dtype)
      throw new DtypeError(`${this.constructor.name}: ${name} is ${x.dtype}, the module ${this.#dtype}; use ${name}.to('${this.#dtype}'), or make the module with dtype: '${x.dtype === 'float64' ? 'float64' : 'float32'}'`)
  }

  /** @throws {ShapeError} {DimensionError} {DtypeError} unless the tensor holds rows of these irreps. */
  protected requireRows(name: string, x: Tensor, irreps: Irreps): void {
    this.requireDtype(name, x)
    if (x.ndim !== 2) throw new ShapeError(`${this.constructor.name}: ${name} has shape [${x.shape.join(', ')}]; it must be a matrix of rows × ${irreps.dim}`)
    if (x.shape[1] !== irreps.dim)
      throw new DimensionError(`${this.constructor.name}: ${name} has rows of ${x.shape[1] ?? 0}, but '${irreps.toString()}' has dimension ${irreps.dim}`)
  }
}

/** The number of rows that inputs of one or as many rows make. @throws {ShapeError} if they disagree. */
export function commonRows(what: string, rows: { readonly [name: string]: number | undefined }): number {
  const entries = Object.entries(rows).flatMap(([name, count]) => (count === undefined ? [] : [{ name, count }]))
  const many = entries.filter(({ count }) => count !== 1)
  const [first] = many
  const other = many.find(({ count }) => count !== first?.count)
  if (first && other) throw new ShapeError(`${what}: ${first.name} has ${first.count} rows, ${other.name} ${other.count}; they must be equal, or one`)
  return first?.count ?? 1
}

/** @throws {DtypeError} {ShapeError} unless a tensor holds indices, int32 of one axis. */
export function requireIndices(what: string, name: string, indices: Tensor): void {
  if (indices.dtype !== 'int32') throw new DtypeError(`${what}: ${name} are ${indices.dtype}; indices must be int32: use ${name}.to('int32')`)
  if (indices.ndim !== 1) throw new ShapeError(`${what}: ${name} have shape [${indices.shape.join(', ')}]; they must have one axis`)
}

/** The irreps that an operand of a descriptor carries. */
export function irrepsOfOperand(rep: Rep): Irreps {
  if (rep instanceof IrrepsAndLayout) return rep.irreps
  throw new InternalError('an operand of a descriptor carries no irreps')
}

/** For texts of modules. */
export function layoutText(irreps: Irreps, layout: Layout): string {
  return irreps.isLayoutInsensitive() ? irreps.toString() : `${irreps.toString()} ${layout.toString()}`
}
