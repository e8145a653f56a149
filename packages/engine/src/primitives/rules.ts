import type { NDArray } from '../array/ndarray.ts'
import type { AbstractValue } from '../graph/value.ts'
import type { ParamsOf, PerInput, PerOutput, PrimitiveName } from './names.ts'

/** A missing tangent or cotangent is zero. */
export type Maybe<T> = T | undefined

/**
 * Abstract evaluation: shapes and dtypes of the outputs, from those of the inputs. Rejects bad input before any work.
 *
 * Methods, not function properties, in this file: a table of such rules can then be read with inputs as plain arrays.
 */
export interface ShapeRule<P extends PrimitiveName> {
  shape(inputs: PerInput<P, AbstractValue>, params: ParamsOf<P>): PerOutput<P, AbstractValue>
}

/** Derivatives of whole functions, for the rules of primitives that hold functions. */
export interface Transformations {
  /** `Σ_k (∂ outputs_k / ∂ inputs_i)ᵀ cotangents_k`, zeros where nothing depends on an input; differentiable again. */
  pullback(outputs: readonly NDArray[], inputs: readonly NDArray[], cotangents: readonly NDArray[]): readonly NDArray[]
  /** `Σ_i (∂ outputs_k / ∂ inputs_i) tangents_i`, zeros where an output depends on nothing; differentiable again. */
  pushforward(outputs: readonly NDArray[], inputs: readonly NDArray[], tangents: readonly NDArray[]): readonly NDArray[]
}

export interface JvpContext<P extends PrimitiveName> {
  readonly inputs: PerInput<P, NDArray>
  readonly outputs: PerOutput<P, NDArray>
  /** Tangent of every input; at least one is present. */
  readonly tangents: PerInput<P, Maybe<NDArray>>
  readonly params: ParamsOf<P>
  readonly transformations: Transformations
}

export interface TransposeContext<P extends PrimitiveName> {
  /** Inputs in which the primitive is linear here (`linear[i]`) are abstract: only their shape may be read. */
  readonly inputs: PerInput<P, NDArray>
  readonly linear: readonly boolean[]
  /** Cotangent of every output; at least one is present. */
  readonly cotangents: PerOutput<P, Maybe<NDArray>>
  readonly params: ParamsOf<P>
  readonly transformations: Transformations
}

/**
 * The derivatives of one primitive. Both rules are written in primitives, so derivatives of derivatives exist.
 * A primitive without a rule says why with a literal; it cannot be forgotten.
 */
export interface DerivativeRules<P extends PrimitiveName> {
  /** Forward rule: tangents of the outputs. `'locally constant'`: zero wherever the derivative exists. */
  readonly jvp: { tangents(context: JvpContext<P>): PerOutput<P, Maybe<NDArray>> } | 'locally constant'
  /** Cotangents of the linear inputs, `undefined` for the others. */
  readonly transpose: { cotangents(context: TransposeContext<P>): PerInput<P, Maybe<NDArray>> } | 'never linear'
}

/** Parameters of a primitive that is known at run time only. */
export type AnyParams = ParamsOf<PrimitiveName>
