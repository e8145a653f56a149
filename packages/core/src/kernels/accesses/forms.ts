import type { Block, Instruction, Kernel, ValueId } from '../ir.ts'

/** A load or store. */
export type Access = Extract<Instruction, { readonly op: 'load' | 'loadLanes' | 'store' | 'storeLanes' }>

/** `constant + lane · laneFactor + Σ factor · value`: how an `index` is made of values that are no sums. */
export interface IndexForm {
  readonly constant: number
  readonly lane: number
  /** In the order of the values. */
  readonly terms: readonly IndexTerm[]
}

export interface IndexTerm {
  readonly value: ValueId
  readonly factor: number
}

/** A sum of more is taken as one value. */
const maxTerms = 5

/** Forms of the `index` values of a kernel, and what divides them. */
export class IndexForms {
  readonly kernel: Kernel
  readonly #definitions: readonly (Instruction | undefined)[]
  readonly #forms = new Map<ValueId, IndexForm>()
  readonly #divisors = new Map<ValueId, number>()

  constructor(kernel: Kernel) {
    this.kernel = kernel
    const definitions: (Instruction | undefined)[] = Array.from({ length: kernel.types.length })
    const visit = (block: Block): void => {
      for (const instruction of block) {
        if ('result' in instruction) definitions[instruction.result] = instruction
        if (instruction.op === 'loop') {
          definitions[instruction.counter] = instruction
          visit(instruction.body)
        } else if (instruction.op === 'branch') {
          visit(instruction.then)
          visit(instruction.otherwise)
        }
      }
    }
    visit(kernel.body)
    this.#definitions = definitions
  }

  /** The instruction that defines a value; of the counter of a loop, the loop; of what loops and branches hand on, nothing. */
  definition(value: ValueId): Instruction | undefined {
    return this.#definitions[value]
  }

  of(value: ValueId): IndexForm {
    const known = this.#forms.get(value)
    if (known) return known
    const made = this.#make(value)
    const form = made && made.terms.length <= maxTerms && isSafe(made) ? made : { constant: 0, lane: 0, terms: [{ value, factor: 1 }] }
    this.#forms.set(value, form)
    return form
  }

  /** Where the elements of a load or store lie, lane by lane. */
  ofAccess(access: Access): IndexForm {
    if (access.op === 'load' || access.op === 'store') return this.of(access.index)
    const form = this.of(access.base)
    return { ...form, lane: form.lane + 1 }
  }

  /** The largest known number that divides everything in a form but its constant; 0 if there is nothing. */
  divisorOf({ lane, terms }: IndexForm): number {
    return terms.reduce((divisor, { value, factor }) => gcd(divisor, factor * this.#divisorOf(value)), Math.abs(lane))
  }

  #make(value: ValueId): IndexForm | null {
    const definition = this.#definitions[value]
    if (!definition) return null
    if (definition.op === 'constant') return { constant: definition.value, lane: 0, terms: [] }
    if (definition.op === 'lane') return { constant: 0, lane: 1, terms: [] }
    if (definition.op !== 'binary') return null
    const { operator, a, b } = definition
    if (operator === 'add') return plus(this.of(a), this.of(b), 1)
    if (operator === 'sub') return plus(this.of(a), this.of(b), -1)
    if (operator !== 'mul') return null
    const [left, right] = [this.of(a), this.of(b)]
    if (isConstant(right)) return times(left, right.constant)
    return isConstant(left) ? times(right, left.constant) : null
  }

  #divisorOf(value: ValueId): number {
    const known = this.#divisors.get(value)
    if (known !== undefined) return known
    const divisor = this.#findDivisor(value)
    this.#divisors.set(value, divisor)
    return divisor
  }

  #findDivisor(value: ValueId): number {
    const definition = this.#definitions[value]
    if (definition?.op === 'loop' && definition.counter === value) return gcd(this.#wholeDivisor(definition.start), this.#wholeDivisor(definition.step))
    if (definition?.op === 'binary' && definition.operator === 'mul') return this.#wholeDivisor(definition.a) * this.#wholeDivisor(definition.b)
    if (definition?.op === 'binary' && (definition.operator === 'add' || definition.operator === 'sub'))
      return gcd(this.#wholeDivisor(definition.a), this.#wholeDivisor(definition.b))
    return 1
  }

  /** Of a value with its constant. */
  #wholeDivisor(value: ValueId): number {
    const form = this.of(value)
    const [only] = form.terms
    const divisor = only?.value === value ? this.#divisorOf(value) : this.divisorOf(form)
    const whole = gcd(divisor, form.constant)
    return whole === 0 || whole > 4096 ? 4096 : whole
  }
}

/** The same for forms that differ in their constants only. */
export function formKey({ lane, terms }: IndexForm): string {
  return `${lane} ${terms.map(({ value, factor }) => `${factor}*${value}`).join(' ')}`
}

function isConstant({ lane, terms }: IndexForm): boolean {
  return lane === 0 && terms.length === 0
}

function plus(a: IndexForm, b: IndexForm, sign: 1 | -1): IndexForm {
  const factors = new Map(a.terms.map(({ value, factor }) => [value, factor]))
  for (const { value, factor } of b.terms) factors.set(value, (factors.get(value) ?? 0) + sign * factor)
  const terms = [...factors].filter(([, factor]) => factor !== 0).sort(([x], [y]) => x - y)
  return { constant: a.constant + sign * b.constant, lane: a.lane + sign * b.lane, terms: terms.map(([value, factor]) => ({ value, factor })) }
}

function times({ constant, lane, terms }: IndexForm, by: number): IndexForm {
  if (by === 0) return { constant: 0, lane: 0, terms: [] }
  return { constant: constant * by, lane: lane * by, terms: terms.map(({ value, factor }) => ({ value, factor: factor * by })) }
}

/** Whether all numbers fit into immediate operands. */
function isSafe({ constant, lane, terms }: IndexForm): boolean {
  return [constant, lane, ...terms.map(({ factor }) => factor)].every((number) => Math.abs(number) < 2 ** 27)
}

function gcd(a: number, b: number): number {
  let [x, y] = [Math.abs(a), Math.abs(b)]
  while (y !== 0) [x, y] = [y, x % y]
  return x
}
