import { KernelError } from '../errors.ts'
import { renumber } from './canonical.ts'
import { Inequalities } from './inequalities.ts'
import type { Affine, Block, Instruction, Kernel, MemoryRef, ScalarType, TileRef, ValueId } from './ir.ts'
import { gridAtom, LinearForm, parameterAtom, valueAtom } from './linear-form.ts'
import { verify } from './verify.ts'

/** An access that may lie outside of its memory, for all that is known. */
export interface UnprovedAccess {
  readonly op: Instruction['op']
  /** Name of the buffer or shared array. */
  readonly memory: string
  /** Number of the value that is the position, in the printed kernel. */
  readonly index: ValueId
  /** What could not be proved. */
  readonly missing: readonly ('index ≥ 0' | 'index < extent')[]
  readonly reason: 'not proved' | 'no extent declared'
}

/**
 * The accesses of a kernel of which it cannot be proved that they stay inside of their memory for every launch that keeps what
 * the buffers declare (extents, ranges of integers). None: it needs no check at run time. Sums, products with constants,
 * quotients by constants, minimum and maximum of `index` values are followed, as are masks, active lanes, branches and loops.
 *
 * @throws {KernelError} if the kernel breaks a rule of the language.
 */
export function unprovedAccesses(kernel: Kernel): readonly UnprovedAccess[] {
  verify(kernel)
  return new BoundsAnalysis(renumber(kernel)).run()
}

/** @throws {KernelError} if an access of the kernel could lie outside of its memory. */
export function requireProved(kernel: Kernel): void {
  const [first, ...others] = unprovedAccesses(kernel)
  if (!first) return
  const { op, memory, index, missing, reason } = first
  throw new KernelError(
    `kernel '${kernel.name}': ${op} ${memory}[%${index}]: ${reason}: ${missing.join(', ')}${others.length > 0 ? `, and ${others.length} more` : ''}; declare extents and ranges, or mask`,
  )
}

/** A comparison of two `index` values, as what it says where it holds. */
type Facts = readonly LinearForm[]

class BoundsAnalysis {
  readonly #kernel: Kernel
  readonly #forms = new Map<ValueId, LinearForm>()
  /** What is known where a `bool` is true. */
  readonly #facts = new Map<ValueId, Facts>()
  readonly #known = new Inequalities()
  readonly #unproved: UnprovedAccess[] = []

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  run(): readonly UnprovedAccess[] {
    this.#block(this.#kernel.body)
    return this.#unproved
  }

  #block(block: Block): void {
    for (const instruction of block) this.#instruction(instruction)
  }

  #instruction(instruction: Instruction): void {
    switch (instruction.op) {
      case 'constant':
        if (this.#isInteger(instruction.result)) this.#set(instruction.result, new LinearForm(instruction.value))
        return
      case 'parameter':
        if (this.#scalar(instruction.result) === 'index') this.#set(instruction.result, LinearForm.atom(parameterAtom(instruction.parameter)))
        return
      case 'programId':
        this.#between(instruction.result, new LinearForm(0), LinearForm.atom(gridAtom(instruction.axis)).shifted(-1))
        return
      case 'lane':
        this.#between(instruction.result, new LinearForm(0), new LinearForm(this.#kernel.lanes - 1))
        return
      case 'unary':
        if (instruction.operator === 'neg' && this.#scalar(instruction.result) === 'index') this.#set(instruction.result, this.#form(instruction.x).times(-1))
        return
      case 'convert':
        // From 32-bit integers nothing is lost; in the other direction something may be.
        if (this.#scalar(instruction.result) === 'index' && this.#isInteger(instruction.x)) this.#set(instruction.result, this.#form(instruction.x))
        return
      case 'binary':
        this.#binary(instruction)
        return
      case 'compare':
        this.#compare(instruction)
        return
      case 'load':
        this.#access(instruction.op, instruction.memory, instruction.index, instruction.mask)
        this.#loaded(instruction)
        return
      case 'store':
      case 'atomic':
        this.#access(instruction.op, instruction.memory, instruction.index, instruction.mask)
        return
      case 'loadLanes':
        this.#lanes(instruction)
        this.#loaded(instruction)
        return
      case 'storeLanes':
        this.#lanes(instruction)
        return
      case 'tileMultiplyAdd': {
        const { rows, columns, depth, target, a, b } = instruction
        this.#tile(target, rows, columns)
        this.#tile(a, rows, depth)
        this.#tile(b, depth, columns)
        return
      }
      case 'branch':
        this.#known.within(() => {
          for (const fact of this.#facts.get(instruction.condition) ?? []) this.#known.assume(fact)
          this.#block(instruction.then)
        })
        this.#known.within(() => this.#block(instruction.otherwise))
        return
      case 'loop':
        this.#known.within(() => {
          const [start, end] = [this.#form(instruction.start), this.#form(instruction.end)]
          const step = this.#form(instruction.step).value
          // The last step ends at the end, or before it.
          const isWhole = step !== undefined && end.minus(start).isMultipleOf(step)
          this.#between(instruction.counter, start, end.shifted(isWhole ? -step : -1))
          this.#block(instruction.body)
        })
        return
      default:
    }
  }

  #binary({ operator, result, a, b }: Extract<Instruction, { readonly op: 'binary' }>): void {
    if (this.#scalar(result) === 'bool' && operator === 'and') this.#facts.set(result, [...(this.#facts.get(a) ?? []), ...(this.#facts.get(b) ?? [])])
    // Integers of 32 bits wrap around, so their sums say nothing.
    if (this.#scalar(result) !== 'index') return
    const [left, right] = [this.#form(a), this.#form(b)]
    switch (operator) {
      case 'add':
        this.#set(result, left.plus(right))
        return
      case 'sub':
        this.#set(result, left.minus(right))
        return
      case 'mul':
        if (right.value !== undefined) this.#set(result, left.times(right.value))
        else if (left.value !== undefined) this.#set(result, right.times(left.value))
        return
      case 'div':
      case 'rem': {
        const divisor = right.value
        if (divisor === undefined || divisor < 1 || !this.#known.proves(left)) return
        // The atom is the quotient in both cases; the remainder follows from it.
        const quotient = LinearForm.atom(valueAtom(result))
        this.#known.assume(quotient)
        this.#known.assumeRounded(left.plus(quotient, -divisor), left)
        this.#known.assume(quotient.times(divisor).shifted(divisor - 1).minus(left))
        this.#set(result, operator === 'div' ? quotient : left.plus(quotient, -divisor))
        return
      }
      case 'min':
      case 'max': {
        const own = LinearForm.atom(valueAtom(result))
        for (const side of [left, right]) this.#known.assume(operator === 'min' ? side.minus(own) : own.minus(side))
        for (const bound of [left, right])
          if ([left, right].every((side) => this.#known.proves(operator === 'min' ? side.minus(bound) : bound.minus(side)))) this.#set(result, bound)
        // What bounds both sides bounds the result, too; for an index the bound that matters is zero.
        if (operator === 'min' && [left, right].every((side) => this.#known.proves(side))) this.#known.assume(own)
        return
      }
      default:
    }
  }

  #compare({ operator, result, a, b }: Extract<Instruction, { readonly op: 'compare' }>): void {
    if (this.#scalar(a) !== 'index') return
    const gap = this.#form(b).minus(this.#form(a))
    if (operator === 'less') this.#facts.set(result, [gap.shifted(-1)])
    if (operator === 'lessEqual') this.#facts.set(result, [gap])
    if (operator === 'equal') this.#facts.set(result, [gap, gap.times(-1)])
  }

  /** What a buffer promises about its elements holds for what is loaded. */
  #loaded(instruction: Extract<Instruction, { readonly op: 'load' | 'loadLanes' }>): void {
    const { result, memory } = instruction
    const buffer = memory.space === 'buffer' ? this.#kernel.buffers[memory.slot] : undefined
    // A kernel that writes to the buffer may break the promise.
    if (!buffer?.below || buffer.access !== 'read') return
    const highest = formOf(buffer.below).shifted(-1)
    const isWhole = (instruction.op === 'load' ? instruction.mask : instruction.active) === null
    // Where nothing is loaded the value is 0, which lies below nothing if the promise is of an empty range.
    if (isWhole || this.#known.proves(highest)) this.#between(result, new LinearForm(0), highest)
    else this.#known.assume(LinearForm.atom(valueAtom(result)))
  }

  #between(id: ValueId, lowest: LinearForm, highest: LinearForm): void {
    const own = LinearForm.atom(valueAtom(id))
    this.#known.assume(own.minus(lowest))
    this.#known.assume(highest.minus(own))
  }

  #access(op: Instruction['op'], memory: MemoryRef, index: ValueId, mask: ValueId | null): void {
    this.#known.within(() => {
      for (const fact of mask === null ? [] : (this.#facts.get(mask) ?? [])) this.#known.assume(fact)
      this.#require(op, memory, index, this.#form(index), this.#form(index))
    })
  }

  #lanes(instruction: Extract<Instruction, { readonly op: 'loadLanes' | 'storeLanes' }>): void {
    const { op, memory, base, active } = instruction
    this.#known.within(() => {
      const first = this.#form(base)
      // A lane that takes part, as one more value: below the number of lanes and of active ones.
      const lane = LinearForm.atom(valueAtom(this.#kernel.types.length))
      this.#known.assume(lane)
      this.#known.assume(new LinearForm(this.#kernel.lanes - 1).minus(lane))
      if (active !== null) {
        this.#known.assume(this.#form(active).shifted(-1).minus(lane))
        this.#known.assume(this.#form(active).shifted(-1))
      }
      this.#require(op, memory, base, first, first.plus(lane))
    })
  }

  #tile({ slot, offset, order, stride }: TileRef, rows: number, columns: number): void {
    const first = this.#form(offset)
    this.#require('tileMultiplyAdd', { space: 'shared', slot }, offset, first, first.shifted(order === 'rows' ? (rows - 1) * stride + columns - 1 : (columns - 1) * stride + rows - 1))
  }

  #require(op: Instruction['op'], { space, slot }: MemoryRef, index: ValueId, first: LinearForm, last: LinearForm): void {
    const memory = space === 'buffer' ? this.#kernel.buffers[slot] : this.#kernel.shared[slot]
    if (!memory) return
    const extent = 'length' in memory ? new LinearForm(memory.length) : memory.extent && formOf(memory.extent)
    const missing: UnprovedAccess['missing'][number][] = []
    if (!this.#known.proves(first)) missing.push('index ≥ 0')
    if (!extent || !this.#known.proves(extent.shifted(-1).minus(last))) missing.push('index < extent')
    if (missing.length > 0) this.#unproved.push({ op, memory: memory.name, index, missing, reason: extent ? 'not proved' : 'no extent declared' })
  }

  #set(id: ValueId, form: LinearForm): void {
    if (form.isSafe) this.#forms.set(id, form)
  }

  #form(id: ValueId): LinearForm {
    return this.#forms.get(id) ?? LinearForm.atom(valueAtom(id))
  }

  #scalar(id: ValueId): ScalarType | undefined {
    return this.#kernel.types[id]?.scalar
  }

  #isInteger(id: ValueId): boolean {
    const scalar = this.#scalar(id)
    return scalar === 'index' || scalar === 'i32' || scalar === 'u32'
  }
}

function formOf({ constant, terms }: Affine): LinearForm {
  return new LinearForm(
    constant,
    terms.map(({ symbol, slot, factor }) => [symbol === 'grid' ? gridAtom(slot) : parameterAtom(slot), factor]),
  )
}
