import { KernelError } from '../errors.ts'
import { isExact } from './arithmetic.ts'
import type { Affine, Block, Instruction, Kernel, KernelBuffer, KernelType, LoopInstruction, MemoryRef, StorageType, TileInstruction, ValueId } from './ir.ts'
import { requireAccess, sharedAsBuffer } from './memory.ts'
import {
  atomicType, binaryType, bitcastType, branchType, compareType, convertType, fmaType, loadLanesType, loadType, reduceType, requireCondition,
  requireIntegerElements, requireStore, requireStoreLanes, requireTile, requireUniformIndex, selectType, unaryType,
} from './rules.ts'
import { isAssignable, sameType, typeText } from './types.ts'

/** More lanes than any target runs as one program. */
const maxLanes = 1024
/** No kernel that a person or a lowering writes nests deeper. */
const maxDepth = 64

/**
 * Checks that a kernel keeps the rules of the language: everything is defined once and before it is used, types and uniformity
 * fit, memory is used as declared, and what is known to lie outside of shared arrays is refused. A kernel that passes may still
 * read or write outside of its buffers: see `unprovedAccesses`.
 *
 * @throws {KernelError} at the first rule that is broken.
 */
export function verify(kernel: Kernel): void {
  const where = `kernel '${kernel.name}'`
  try {
    requireDeclarations(kernel)
    new BodyVerifier(kernel).run()
  } catch (error) {
    if (error instanceof KernelError && !error.message.startsWith(where)) throw new KernelError(`${where}: ${error.message}`, { cause: error })
    throw error
  }
}

function requireDeclarations(kernel: Kernel): void {
  const { lanes, gridRank, parameters, buffers, shared } = kernel
  requireCount('lanes', lanes, maxLanes)
  requireCount('gridRank', gridRank, 3)
  const names = [...parameters, ...buffers, ...shared].map(({ name }) => name)
  for (const name of [kernel.name, ...names])
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name)) throw new KernelError(`'${name.slice(0, 80)}' is no name; names are 1 to 64 letters, digits and underscores, no digit first`)
  const twice = names.find((name, k) => names.indexOf(name) !== k)
  if (twice !== undefined) throw new KernelError(`two things are named '${twice}'`)
  for (const { name, length } of shared) requireCount(`length of '${name}'`, length, 2 ** 31)
  for (const { name, scalar, extent, below } of buffers) {
    if (extent) requireAffine(`extent of '${name}'`, extent, kernel)
    if (!below) continue
    requireIntegerElements(name, scalar)
    requireAffine(`range of '${name}'`, below, kernel)
  }
}

function requireAffine(what: string, { constant, terms }: Affine, { parameters, gridRank }: Kernel): void {
  if (![constant, ...terms.map(({ factor }) => factor)].every((number) => Number.isSafeInteger(number))) throw new KernelError(`${what} must be made of integers`)
  for (const { symbol, slot } of terms) {
    const known = symbol === 'grid' ? Number.isInteger(slot) && slot >= 0 && slot < gridRank : parameters[slot]?.scalar === 'index'
    if (!known) throw new KernelError(`${what} names ${symbol} ${slot}, but there is no such ${symbol === 'grid' ? 'axis' : 'parameter of type index'}`)
  }
}

function requireCount(what: string, value: number, most: number): void {
  if (!(Number.isInteger(value) && value >= 1 && value <= most)) throw new KernelError(`${what} is ${value}, but must be an integer in 1 … ${most}`)
}

class BodyVerifier {
  readonly #kernel: Kernel
  readonly #visible = new Set<ValueId>()
  readonly #defined = new Set<ValueId>()
  readonly #constants = new Map<ValueId, number>()

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  run(): void {
    this.#block(this.#kernel.body, [], () => undefined, 0)
    if (this.#defined.size !== this.#kernel.types.length)
      throw new KernelError(`there are types for ${this.#kernel.types.length} values, but ${this.#defined.size} of them are defined`)
  }

  /** A block in which `own` values are visible, too; `atEnd` looks at what the block hands out. */
  #block(block: Block, own: readonly ValueId[], atEnd: () => void, depth: number): void {
    if (depth > maxDepth) throw new KernelError(`blocks are nested deeper than ${maxDepth}`)
    const local = [...own]
    for (const id of own) this.#define(id)
    for (const instruction of block) local.push(...this.#instruction(instruction, depth))
    atEnd()
    for (const id of local) this.#visible.delete(id)
  }

  /** Checks an instruction; what it defines. */
  #instruction(instruction: Instruction, depth: number): readonly ValueId[] {
    switch (instruction.op) {
      case 'barrier':
        return []
      case 'store': {
        const { memory, index, value, mask } = instruction
        requireStore(this.#element(memory, 'store', 'write'), this.#use(index), this.#use(value), this.#maybe(mask))
        this.#requireInside(memory, index, 1)
        return []
      }
      case 'storeLanes': {
        const { memory, base, value, active } = instruction
        requireStoreLanes(this.#element(memory, 'storeLanes', 'write'), this.#use(base), this.#use(value), this.#maybe(active))
        if (active === null) this.#requireInside(memory, base, this.#kernel.lanes)
        return []
      }
      case 'tileMultiplyAdd':
        this.#tile(instruction)
        return []
      case 'loop':
        return this.#loop(instruction, depth)
      case 'branch': {
        requireCondition(this.#use(instruction.condition))
        const { results } = instruction
        const [then, otherwise]: [KernelType[], KernelType[]] = [[], []]
        this.#block(instruction.then, [], () => then.push(...results.map((result) => this.#use(result.then))), depth + 1)
        this.#block(instruction.otherwise, [], () => otherwise.push(...results.map((result) => this.#use(result.otherwise))), depth + 1)
        return results.map(({ result }, k) => {
          const [left, right] = [then[k], otherwise[k]]
          if (left && right) this.#requireType('branch', result, branchType(left, right))
          return this.#define(result)
        })
      }
      default: {
        const { op, result } = instruction
        this.#requireType(op, result, this.#typeOf(instruction))
        if (op === 'constant') this.#constants.set(result, instruction.value)
        return [this.#define(result)]
      }
    }
  }

  /** The type that an instruction's result must have. */
  #typeOf(instruction: Exclude<Instruction, { readonly op: 'store' | 'storeLanes' | 'barrier' | 'loop' | 'branch' | 'tileMultiplyAdd' }>): KernelType {
    const declared = this.#declared(instruction.result)
    switch (instruction.op) {
      case 'constant':
        if (!isExact(declared.scalar, instruction.value)) throw new KernelError(`constant ${instruction.value} is no ${declared.scalar}`)
        return { scalar: declared.scalar, uniformity: 'uniform' }
      case 'parameter': {
        const parameter = this.#kernel.parameters[instruction.parameter]
        if (!parameter) throw new KernelError(`there is no parameter ${instruction.parameter}`)
        return { scalar: parameter.scalar, uniformity: 'uniform' }
      }
      case 'programId':
        if (!(Number.isInteger(instruction.axis) && instruction.axis >= 0 && instruction.axis < this.#kernel.gridRank))
          throw new KernelError(`programId: the grid has ${this.#kernel.gridRank} axes, but axis ${instruction.axis} is asked for`)
        return { scalar: 'index', uniformity: 'uniform' }
      case 'lane':
        return { scalar: 'index', uniformity: 'varying' }
      case 'unary':
        return unaryType(instruction.operator, this.#use(instruction.x))
      case 'binary':
        return binaryType(instruction.operator, this.#use(instruction.a), this.#use(instruction.b))
      case 'compare':
        return compareType(instruction.operator, this.#use(instruction.a), this.#use(instruction.b))
      case 'select':
        return selectType(this.#use(instruction.condition), this.#use(instruction.a), this.#use(instruction.b))
      case 'fma':
        return fmaType(this.#use(instruction.a), this.#use(instruction.b), this.#use(instruction.c))
      case 'convert':
        return convertType(this.#use(instruction.x), declared.scalar)
      case 'bitcast':
        return bitcastType(this.#use(instruction.x), declared.scalar)
      case 'load': {
        const { memory, index, mask } = instruction
        const type = loadType(this.#element(memory, 'load', 'read'), this.#use(index), this.#maybe(mask))
        this.#requireInside(memory, index, 1)
        return type
      }
      case 'loadLanes': {
        const { memory, base, active } = instruction
        const type = loadLanesType(this.#element(memory, 'loadLanes', 'read'), this.#use(base), this.#maybe(active))
        if (active === null) this.#requireInside(memory, base, this.#kernel.lanes)
        return type
      }
      case 'atomic': {
        const { operator, memory, index, value, mask } = instruction
        const type = atomicType(operator, this.#element(memory, `atomic ${operator}`, 'readWrite'), this.#use(index), this.#use(value), this.#maybe(mask))
        this.#requireInside(memory, index, 1)
        return type
      }
      case 'reduce':
        return reduceType(instruction.operator, this.#use(instruction.x), this.#maybe(instruction.active))
    }
  }

  #loop({ counter, start, end, step, carried, body }: LoopInstruction, depth: number): readonly ValueId[] {
    for (const [what, id] of [['start', start], ['end', end], ['step', step]] as const) requireUniformIndex('loop', what, this.#use(id))
    const constantStep = this.#constants.get(step)
    if (constantStep !== undefined && constantStep < 1) throw new KernelError(`loop: the step is ${constantStep}, but must be positive`)
    this.#requireType('loop', counter, { scalar: 'index', uniformity: 'uniform' })
    for (const { initial, inside, result } of carried) {
      requireHanded('initial value', this.#use(initial), this.#declared(inside))
      this.#requireType('loop', result, this.#declared(inside))
    }
    const atEnd = () => {
      for (const { inside, next } of carried) requireHanded('next value', this.#use(next), this.#declared(inside))
    }
    this.#block(body, [counter, ...carried.map(({ inside }) => inside)], atEnd, depth + 1)
    return carried.map(({ result }) => this.#define(result))
  }

  #tile({ rows, columns, depth, target, a, b, precision }: TileInstruction): void {
    const refs = [
      { what: 'target', ref: target, height: rows, width: columns },
      { what: 'a', ref: a, height: rows, width: depth },
      { what: 'b', ref: b, height: depth, width: columns },
    ]
    const elements = refs.map(({ what, ref, height, width }) => {
      const array = this.#kernel.shared[ref.slot]
      if (!array) throw new KernelError(`tileMultiplyAdd: there is no shared array ${ref.slot}`)
      requireUniformIndex('tileMultiplyAdd', 'the offset', this.#use(ref.offset))
      requireCount(`tileMultiplyAdd: height of ${what}`, height, 2 ** 31)
      requireCount(`tileMultiplyAdd: width of ${what}`, width, 2 ** 31)
      if (what === 'target' && ref.order !== 'rows') throw new KernelError(`tileMultiplyAdd: target lies in ${ref.order}, but must lie in rows; swap a and b`)
      const [count, length] = ref.order === 'rows' ? [height, width] : [width, height]
      if (!(Number.isSafeInteger(ref.stride) && ref.stride >= length))
        throw new KernelError(`tileMultiplyAdd: ${ref.order} of ${what} hold ${length} elements, but begin ${ref.stride} apart`)
      // An offset that is no constant may still be 0.
      const first = this.#constants.get(ref.offset) ?? 0
      const end = first + (count - 1) * ref.stride + length
      if (first < 0 || end > array.length) throw new KernelError(`tileMultiplyAdd: ${what} covers elements ${first} … ${end - 1}, but '${array.name}' has ${array.length}`)
      return array.scalar
    })
    requireTile(elements, precision)
  }

  /** The type of a value that must be visible here. */
  #use(id: ValueId): KernelType {
    const type = this.#declared(id)
    if (!this.#visible.has(id)) throw new KernelError(`value %${id} is used where it is not defined`)
    return type
  }

  #maybe(id: ValueId | null): KernelType | null {
    return id === null ? null : this.#use(id)
  }

  #define(id: ValueId): ValueId {
    this.#declared(id)
    if (this.#defined.has(id)) throw new KernelError(`value %${id} is defined twice`)
    this.#defined.add(id)
    this.#visible.add(id)
    return id
  }

  #declared(id: ValueId): KernelType {
    const type = this.#kernel.types[id]
    if (!type) throw new KernelError(`value %${id} has no type`)
    return type
  }

  #requireType(op: string, result: ValueId, expected: KernelType): void {
    const declared = this.#declared(result)
    if (!sameType(declared, expected)) throw new KernelError(`${op} gives ${typeText(expected)}, but %${result} is declared ${typeText(declared)}`)
  }

  #memory({ space, slot }: MemoryRef): Pick<KernelBuffer, 'name' | 'scalar' | 'access'> & { readonly length: number | null } {
    if (space === 'buffer') {
      const buffer = this.#kernel.buffers[slot]
      if (!buffer) throw new KernelError(`there is no buffer ${slot}`)
      return { ...buffer, length: null }
    }
    const array = this.#kernel.shared[slot]
    if (!array) throw new KernelError(`there is no shared array ${slot}`)
    return { ...sharedAsBuffer(array), length: array.length }
  }

  #element(ref: MemoryRef, op: string, need: KernelBuffer['access']): StorageType {
    const memory = this.#memory(ref)
    requireAccess(op, memory, need)
    return memory.scalar
  }

  /** Where an access to a shared array is at a constant place, it must be inside. */
  #requireInside(ref: MemoryRef, index: ValueId, count: number): void {
    const [{ name, length }, first] = [this.#memory(ref), this.#constants.get(index)]
    if (first === undefined) return
    if (first < 0 || (length !== null && first + count > length)) throw new KernelError(`elements ${first} … ${first + count - 1} of '${name}' do not exist${length === null ? '' : `, it has ${length}`}`)
  }
}

function requireHanded(what: string, from: KernelType, to: KernelType): void {
  if (!isAssignable(from, to)) throw new KernelError(`loop: the ${what} is ${typeText(from)}, but it carries ${typeText(to)}`)
}
