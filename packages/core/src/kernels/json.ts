import { FormatError } from '../errors.ts'
import { renumber } from './canonical.ts'
import { freeze } from './freeze.ts'
import type {
  Affine, AffineTerm, Block, BranchInstruction, Instruction, Kernel, KernelBuffer, KernelParameter, KernelType, LoopInstruction, MemoryRef, SharedArray,
  TileRef,
} from './ir.ts'
import { choice, integer, list, nullable, object, position, type Reader, text } from './json-readers.ts'
import { atomicOperators, binaryOperators, compareOperators, reduceOperators, unaryOperators } from './rules.ts'
import { scalarTypes, storageTypes } from './types.ts'
import { verify } from './verify.ts'

const format = 'equivar.kernel'
const version = 1

/** A kernel as JSON: its own fields, where constants that JSON has no numbers for are texts. */
export interface KernelJson {
  readonly format: typeof format
  readonly version: typeof version
  readonly kernel: unknown
}

const unusualNumbers = [NaN, Infinity, -Infinity, -0]
const unusualTexts = ['NaN', 'Infinity', '-Infinity', '-0']

function numberToJson(value: number): number | string {
  const unusual = unusualNumbers.findIndex((number) => Object.is(number, value))
  return unusualTexts[unusual] ?? value
}

const constant: Reader<number> = (where, value) => {
  const number = typeof value === 'string' ? unusualNumbers[unusualTexts.indexOf(value)] : value
  if (typeof number !== 'number') throw new FormatError(`${where} must be a number or one of ${unusualTexts.join(', ')}`)
  return number
}

/** @throws {KernelError} if the kernel breaks a rule of the language. */
export function kernelToJson(kernel: Kernel): KernelJson {
  verify(kernel)
  const blockToJson = (block: Block): unknown =>
    block.map((instruction) => {
      if (instruction.op === 'constant') return { ...instruction, value: numberToJson(instruction.value) }
      if (instruction.op === 'loop') return { ...instruction, body: blockToJson(instruction.body) }
      if (instruction.op === 'branch') return { ...instruction, then: blockToJson(instruction.then), otherwise: blockToJson(instruction.otherwise) }
      return instruction
    })
  const { name, lanes, gridRank, parameters, buffers, shared, types, body } = renumber(kernel)
  return { format, version, kernel: { name, lanes, gridRank, parameters, buffers, shared, types, body: blockToJson(body) } }
}

/**
 * Reads what {@link kernelToJson} wrote, or anything else.
 *
 * @throws {FormatError} if something is missing, unknown, or of the wrong kind.
 * @throws {KernelError} if it is a kernel that breaks a rule of the language.
 */
export function kernelFromJson(json: unknown): Kernel {
  const { kernel } = object<KernelJson>({ format: choice([format]), version: choice([version]), kernel: (_where, value) => value })('kernel file', json)
  const result = readKernel('kernel', kernel)
  verify(result)
  return freeze(result)
}

/** Canonical text of a kernel, its identity in every cache. */
export function kernelKey(kernel: Kernel): string {
  // Fields are read into the order of the readers' tables, whatever the order in which the kernel was made.
  return JSON.stringify(kernelToJson(kernelFromJson(kernelToJson(kernel))).kernel)
}

/** The readers of a kernel's parts, made together so that who reads no kernels does not keep them. */
function kernelReader(): Reader<Kernel> {
  const affine = object<Affine>({ constant: integer, terms: list(object<AffineTerm>({ symbol: choice(['parameter', 'grid']), slot: position, factor: integer })) })
  const memory = object<MemoryRef>({ space: choice(['buffer', 'shared']), slot: position })
  const tile = object<TileRef>({ slot: position, offset: position, order: choice(['rows', 'columns']), stride: position })
  const type = object<KernelType>({ scalar: choice(scalarTypes), uniformity: choice(['uniform', 'varying']) })

  /** Instructions without blocks inside, each with readers of its fields. */
  const flat: { readonly [O in Exclude<Instruction['op'], 'loop' | 'branch'>]: Reader<Extract<Instruction, { readonly op: O }>> } = {
    constant: object({ op: choice(['constant']), result: position, value: constant }),
    parameter: object({ op: choice(['parameter']), result: position, parameter: position }),
    programId: object({ op: choice(['programId']), result: position, axis: position }),
    lane: object({ op: choice(['lane']), result: position }),
    unary: object({ op: choice(['unary']), operator: choice(unaryOperators), result: position, x: position }),
    binary: object({ op: choice(['binary']), operator: choice(binaryOperators), result: position, a: position, b: position }),
    compare: object({ op: choice(['compare']), operator: choice(compareOperators), result: position, a: position, b: position }),
    select: object({ op: choice(['select']), result: position, condition: position, a: position, b: position }),
    fma: object({ op: choice(['fma']), result: position, a: position, b: position, c: position }),
    convert: object({ op: choice(['convert']), result: position, x: position }),
    bitcast: object({ op: choice(['bitcast']), result: position, x: position }),
    load: object({ op: choice(['load']), result: position, memory, index: position, mask: nullable(position) }),
    loadLanes: object({ op: choice(['loadLanes']), result: position, memory, base: position, active: nullable(position) }),
    store: object({ op: choice(['store']), memory, index: position, value: position, mask: nullable(position) }),
    storeLanes: object({ op: choice(['storeLanes']), memory, base: position, value: position, active: nullable(position) }),
    atomic: object({
      op: choice(['atomic']), operator: choice(atomicOperators), result: position, memory, index: position, value: position, mask: nullable(position),
    }),
    reduce: object({ op: choice(['reduce']), operator: choice(reduceOperators), result: position, x: position, active: nullable(position) }),
    barrier: object({ op: choice(['barrier']) }),
    tileMultiplyAdd: object({
      op: choice(['tileMultiplyAdd']), rows: position, columns: position, depth: position, target: tile, a: tile, b: tile, precision: choice(['exact', 'split', 'tf32']),
    }),
  }

  const carried = object<LoopInstruction['carried'][number]>({ initial: position, inside: position, next: position, result: position })
  const results = object<BranchInstruction['results'][number]>({ then: position, otherwise: position, result: position })

  /** As deep as the verifier lets kernels be; deeper data could exhaust the stack. */
  const maxDepth = 64

  function blockReader(depth: number): Reader<Block> {
    return list((where, value): Instruction => {
      const op = typeof value === 'object' && value !== null && 'op' in value ? value.op : undefined
      if (op === 'loop' || op === 'branch') {
        if (depth === maxDepth) throw new FormatError(`${where}: blocks are nested deeper than ${maxDepth}`)
        const block = blockReader(depth + 1)
        if (op === 'branch')
          return object<BranchInstruction>({ op: choice(['branch']), condition: position, then: block, otherwise: block, results: list(results) })(where, value)
        return object<LoopInstruction>({
          op: choice(['loop']), counter: position, start: position, end: position, step: position, carried: list(carried), body: block,
        })(where, value)
      }
      return flat[choice(Object.keys(flat) as (keyof typeof flat)[])(`${where}.op`, op)](where, value)
    })
  }

  return object<Kernel>({
    name: text,
    lanes: position,
    gridRank: choice([1, 2, 3]),
    parameters: list(object<KernelParameter>({ name: text, scalar: choice(scalarTypes.filter((scalar) => scalar !== 'bool')) })),
    buffers: list(
      object<KernelBuffer>({ name: text, scalar: choice(storageTypes), access: choice(['read', 'write', 'readWrite']), extent: nullable(affine), below: nullable(affine) }),
    ),
    shared: list(object<SharedArray>({ name: text, scalar: choice(storageTypes), length: position })),
    types: list(type),
    body: blockReader(0),
  })
}

const readKernel = /* @__PURE__ */ kernelReader()
