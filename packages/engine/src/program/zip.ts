import { SegmentedPolynomial } from '@equivar/core'
import type { AbstractValue } from '../graph/value.ts'
import type { Storage } from '../memory/storage.ts'
import type { AnyParams } from '../primitives/rules.ts'
import type { ProgramGraph, Step } from './graph.ts'
import { isList, isPlain } from './params-key.ts'
import type { SizeExpression } from './expression.ts'

/** A number, or what it is at other sizes. */
export type SizedNumber = number | SizeExpression

/** Thrown where two traces differ; never leaves this folder. */
export class Difference extends Error {}

/** How two traces are brought together. */
export interface Zip {
  /** One number for two. @throws {Difference} */
  number(a: number, b: number, what: string): SizedNumber
  /** One number for the only elements of two constants of a dtype. @throws {Difference} */
  element(a: number, b: number, spec: AbstractValue): SizedElement
}

/** A number that is a size expression, or one over it. */
export interface SizedElement {
  readonly expression: SizedNumber
  readonly isReciprocal: boolean
}

/** Parameters in which numbers may be expressions. */
export interface ZippedStep {
  readonly step: Step
  /** The step's parameters with expressions in place of numbers; `undefined` if there are none. */
  readonly params: unknown
}

/** A program for all sizes. */
export interface ZippedGraph {
  /** The first of the two. */
  readonly graph: ProgramGraph
  readonly shapes: readonly (readonly SizedNumber[])[]
  readonly steps: readonly ZippedStep[]
  readonly constants: ReadonlyMap<number, Storage | SizedElement>
}

/** Goes through two traces side by side. @throws {Difference} where they cannot be the same function. */
export function zipGraphs(a: ProgramGraph, b: ProgramGraph, zip: Zip): ZippedGraph {
  same(a.tensors.length, b.tensors.length, 'the number of arrays')
  same(a.steps.length, b.steps.length, 'the number of steps')
  same(a.constants.size, b.constants.size, 'the number of constants')
  sameIds(a.inputs, b.inputs, 'inputs')
  sameIds(a.outputs, b.outputs, 'outputs')
  const shapes = a.tensors.map((spec, id) => {
    const other = at(b.tensors, id)
    same(spec.dtype, other.dtype, 'the dtype of an array')
    same(spec.shape.length, other.shape.length, 'the number of axes of an array')
    return spec.shape.map((extent, axis) => zip.number(extent, at(other.shape, axis), 'a shape'))
  })
  const constants = new Map<number, Storage | SizedElement>()
  for (const [id, storage] of a.constants) {
    const other = b.constants.get(id)
    if (!other) throw new Difference('an array is a constant at one size and computed at another')
    constants.set(id, zipConstants(storage, other, at(a.tensors, id), zip))
  }
  const steps = a.steps.map((step, k) => zipSteps(step, at(b.steps, k), zip))
  return { graph: a, shapes, steps, constants }
}

function zipSteps(a: Step, b: Step, zip: Zip): ZippedStep {
  sameIds(a.inputs, b.inputs, 'inputs of a step')
  sameIds(a.outputs, b.outputs, 'outputs of a step')
  if (a.kind === 'primitive' && b.kind === 'primitive') {
    same(a.primitive, b.primitive, 'a primitive')
    const params = zipParams(a.params, b.params, zip, a.primitive)
    return { step: a, params: params === a.params ? undefined : params }
  }
  if (a.kind === 'fused' && b.kind === 'fused') sameIds(a.scalars, b.scalars, 'numbers of a step')
  if (a.kind === 'fused' && b.kind === 'fused' && zipParams(a.fusion, b.fusion, zip, 'a fused step') === a.fusion) return { step: a, params: undefined }
  throw new Difference('steps are fused at one size and not at another')
}

/** The first of two parameters, if they are the same; with expressions in it otherwise. */
function zipParams(a: unknown, b: unknown, zip: Zip, what: string): unknown {
  if (typeof a === 'number' && typeof b === 'number') return Object.is(a, b) ? a : zip.number(a, b, what)
  if (isList(a) && isList(b)) {
    same(a.length, b.length, `a list of parameters of ${what}`)
    const members = a.map((member, k) => zipParams(member, b[k], zip, what))
    return members.every((member, k) => member === a[k]) ? a : members
  }
  if (isObject(a) && isObject(b)) {
    if (a === b || isEqual(a, b)) return a
    if (!isPlain(a) || !isPlain(b)) throw new Difference(`parameters of ${what} are different objects`)
    const names = Object.keys(a)
    same(names.join(), Object.keys(b).join(), `parameters of ${what}`)
    const members = names.map((name) => zipParams(a[name], b[name], zip, what))
    return names.every((name, k) => members[k] === a[name]) ? a : Object.fromEntries(names.map((name, k) => [name, members[k]]))
  }
  if (a !== b) throw new Difference(`parameters of ${what} differ`)
  return a
}

function zipConstants(a: Storage, b: Storage, spec: AbstractValue, zip: Zip): Storage | SizedElement {
  if (a === b) return a
  same(a.length, b.length, 'the number of elements of a constant')
  const [left, right] = [a.view(), b.view()]
  if (!left || !right) throw new Difference('a constant is made anew in every trace')
  if (left.every((element, i) => Object.is(element, right[i]))) return a
  if (a.length !== 1) throw new Difference('elements of a constant depend on sizes')
  return zip.element(at(left, 0), at(right, 0), spec)
}

/** Parameters of a step at given sizes, from those of {@link ZippedStep}. */
function paramsAt(params: unknown, numberAt: (expression: SizeExpression) => number): unknown {
  if (isList(params)) return params.map((member) => paramsAt(member, numberAt))
  if (!isObject(params) || !isPlain(params)) return params
  if (isExpression(params)) return numberAt(params)
  return Object.fromEntries(Object.entries(params).map(([name, member]) => [name, paramsAt(member, numberAt)]))
}

/** {@link paramsAt} of a primitive. */
export function stepAt({ step, params }: ZippedStep, numberAt: (expression: SizeExpression) => number): Step {
  if (params === undefined || step.kind !== 'primitive') return step
  return { ...step, params: paramsAt(params, numberAt) as AnyParams }
}

function isExpression(x: Readonly<Record<string, unknown>>): x is Readonly<Record<string, unknown>> & SizeExpression {
  return 'terms' in x && 'constant' in x
}

/** Polynomials that are made anew in every trace. */
function isEqual(a: object, b: object): boolean {
  return a instanceof SegmentedPolynomial && b instanceof SegmentedPolynomial && a.equals(b)
}

function isObject(x: unknown): x is object {
  return typeof x === 'object' && x !== null
}

function same(a: number | string, b: number | string, what: string): void {
  if (a !== b) throw new Difference(`${what} depends on sizes (${a} against ${b})`)
}

function sameIds(a: readonly number[], b: readonly number[], what: string): void {
  if (a.length !== b.length || a.some((id, k) => id !== b[k])) throw new Difference(`${what} differ from one size to another`)
}

function at<T>(list: { readonly [index: number]: T }, index: number): T {
  const member = list[index]
  if (member === undefined) throw new Difference('one trace is shorter than the other')
  return member
}
