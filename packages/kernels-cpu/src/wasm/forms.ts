import type * as kernels from '@equivar/core/kernels'

/** `constant + laneStride · lane + Σ factor · value`: what an `index` is made of. */
export interface Form {
  readonly constant: number
  readonly laneStride: number
  /** Factors of values that are no sums themselves. */
  readonly terms: ReadonlyMap<kernels.ValueId, number>
}

/** Instructions by what they define, and what follows for indices. */
export class IndexForms {
  readonly #kernel: kernels.Kernel
  readonly #definitions = new Map<kernels.ValueId, kernels.Instruction>()
  readonly #forms = new Map<kernels.ValueId, Form>()
  /** Counters of loops, with what they start at. */
  readonly #starts = new Map<kernels.ValueId, kernels.ValueId>()
  readonly #nonNegative = new Map<kernels.ValueId, boolean>()

  constructor(kernel: kernels.Kernel) {
    this.#kernel = kernel
    this.#collect(kernel.body)
  }

  /** The instruction that computes a value; none for what loops and branches hand on. */
  definition(id: kernels.ValueId): kernels.Instruction | undefined {
    return this.#definitions.get(id)
  }

  form(id: kernels.ValueId): Form {
    const known = this.#forms.get(id)
    if (known) return known
    const form = this.#find(id) ?? { constant: 0, laneStride: 0, terms: new Map([[id, 1]]) }
    this.#forms.set(id, form)
    return form
  }

  /** Whether all but the constant is certainly not negative, whatever the lane. */
  isNonNegative({ laneStride, terms }: Form): boolean {
    return laneStride >= 0 && [...terms].every(([id, factor]) => factor >= 0 && this.#isNonNegative(id))
  }

  #collect(block: kernels.Block): void {
    for (const instruction of block) {
      if (instruction.op === 'loop') {
        this.#starts.set(instruction.counter, instruction.start)
        this.#collect(instruction.body)
      } else if (instruction.op === 'branch') {
        this.#collect(instruction.then)
        this.#collect(instruction.otherwise)
      } else if ('result' in instruction) this.#definitions.set(instruction.result, instruction)
    }
  }

  #find(id: kernels.ValueId): Form | undefined {
    const instruction = this.#definitions.get(id)
    if (!instruction || this.#kernel.types[id]?.scalar !== 'index') return undefined
    switch (instruction.op) {
      case 'constant':
        return { constant: instruction.value, laneStride: 0, terms: new Map() }
      case 'lane':
        return { constant: 0, laneStride: 1, terms: new Map() }
      case 'unary':
        return instruction.operator === 'neg' ? scaled(this.form(instruction.x), -1) : undefined
      case 'binary': {
        const { operator, a, b } = instruction
        if (operator === 'add') return sum(this.form(a), this.form(b))
        if (operator === 'sub') return sum(this.form(a), scaled(this.form(b), -1))
        if (operator !== 'mul') return undefined
        const [left, right] = [this.form(a), this.form(b)]
        if (isConstant(right)) return scaled(left, right.constant)
        return isConstant(left) ? scaled(right, left.constant) : undefined
      }
      default:
        return undefined
    }
  }

  #isNonNegative(id: kernels.ValueId): boolean {
    const known = this.#nonNegative.get(id)
    if (known !== undefined) return known
    const start = this.#starts.get(id)
    const result = start === undefined ? this.#isDefinedNonNegative(id) : this.#isSumNonNegative(start)
    this.#nonNegative.set(id, result)
    return result
  }

  #isSumNonNegative(id: kernels.ValueId): boolean {
    const form = this.form(id)
    return form.constant >= 0 && (form.terms.has(id) ? this.#isNonNegative(id) : this.isNonNegative(form))
  }

  #isDefinedNonNegative(id: kernels.ValueId): boolean {
    const instruction = this.#definitions.get(id)
    switch (instruction?.op) {
      case 'constant':
        return instruction.value >= 0
      case 'parameter':
        return this.#kernel.types[id]?.scalar === 'index'
      case 'programId':
      case 'lane':
        return true
      case 'convert':
        return this.#kernel.types[instruction.x]?.scalar === 'u32' || this.#isNonNegative(instruction.x)
      case 'load':
      case 'loadLanes': {
        const { space, slot } = instruction.memory
        const buffer = space === 'buffer' ? this.#kernel.buffers[slot] : undefined
        // A kernel that writes to the buffer may break the promise.
        return buffer?.access === 'read' && buffer.below !== null
      }
      case 'select':
        return this.#isSumNonNegative(instruction.a) && this.#isSumNonNegative(instruction.b)
      case 'binary': {
        if (this.#kernel.types[id]?.scalar !== 'index') return false
        const { operator, a, b } = instruction
        const both = () => this.#isSumNonNegative(a) && this.#isSumNonNegative(b)
        if (operator === 'max') return this.#isSumNonNegative(a) || this.#isSumNonNegative(b)
        if (operator === 'rem') return this.#isSumNonNegative(a)
        return (operator === 'div' || operator === 'mul' || operator === 'min' || operator === 'add') && both()
      }
      default:
        return false
    }
  }
}

function isConstant({ laneStride, terms }: Form): boolean {
  return laneStride === 0 && terms.size === 0
}

function sum(a: Form, b: Form): Form {
  const terms = new Map(a.terms)
  for (const [id, factor] of b.terms) {
    const total = (terms.get(id) ?? 0) + factor
    if (total === 0) terms.delete(id)
    else terms.set(id, total)
  }
  return { constant: a.constant + b.constant, laneStride: a.laneStride + b.laneStride, terms }
}

function scaled({ constant, laneStride, terms }: Form, factor: number): Form {
  if (factor === 0) return { constant: 0, laneStride: 0, terms: new Map() }
  // There is one zero.
  return { constant: constant * factor + 0, laneStride: laneStride * factor + 0, terms: new Map([...terms].map(([id, own]) => [id, own * factor])) }
}

/** The form for one lane. */
export function atLane({ constant, laneStride, terms }: Form, lane: number): Form {
  return { constant: constant + laneStride * lane, laneStride: 0, terms }
}
