import { InternalError } from '@equivar/core'
import * as kernels from '@equivar/core/kernels'
import type { BufferPlaces } from './bindings.ts'
import type { Group } from './group.ts'
import type { HelperName } from './helpers.ts'
import { literal, typeName } from './literals.ts'
import type { UniformLayout } from './uniforms.ts'

type ValueId = kernels.ValueId

/** What is known while a kernel is printed: names of values, lines so far, and what has to be declared. */
export class PrinterState {
  readonly kernel: kernels.Kernel
  readonly group: Group
  readonly places: BufferPlaces
  readonly layout: UniformLayout
  readonly forms: kernels.IndexForms
  readonly helpers = new Set<HelperName>()
  /** Variables of the workgroup beside the shared arrays, by name. */
  readonly scratch = new Map<string, string>()
  readonly #names = new Map<ValueId, string>()
  readonly #constants = new Set<ValueId>()
  readonly #lines: string[] = []
  #indent = ' '
  #numTemporaries = 0

  constructor(kernel: kernels.Kernel, group: Group, places: BufferPlaces, layout: UniformLayout) {
    this.kernel = kernel
    this.group = group
    this.places = places
    this.layout = layout
    this.forms = new kernels.IndexForms(kernel)
  }

  /** Number of the lane, as an expression. */
  get lane(): string {
    return this.group.lanes === 1 ? '0i' : 'lane'
  }

  get text(): string {
    return this.#lines.map((line) => `${line}\n`).join('')
  }

  line(text: string): void {
    this.#lines.push(this.#indent + text)
  }

  /** Lines in braces behind a head. */
  block(head: string, write: () => void): void {
    this.line(`${head} {`)
    this.#indent += ' '
    write()
    this.#indent = this.#indent.slice(1)
    this.line('}')
  }

  /** A name that nothing else has. */
  temporary(): string {
    return `t${this.#numTemporaries++}`
  }

  scalar(id: ValueId): kernels.ScalarType {
    const type = this.kernel.types[id]
    if (!type) throw new InternalError(`kernel '${this.kernel.name}': value ${id} has no type`)
    return type.scalar
  }

  /** The value as an expression. */
  use(id: ValueId): string {
    const name = this.#names.get(id)
    if (name === undefined) throw new InternalError(`kernel '${this.kernel.name}': value ${id} is used before it is defined`)
    return name
  }

  /** Gives a value the text of an expression that costs nothing. */
  name(id: ValueId, text: string): void {
    this.#names.set(id, text)
  }

  /** Computes a value here. */
  define(id: ValueId, text: string): void {
    this.line(`let v${id} = ${text};`)
    this.#names.set(id, `v${id}`)
  }

  /** A variable that gets the value later. */
  declare(id: ValueId, initial?: string): string {
    const name = `v${id}`
    this.line(`var ${name}: ${typeName(this.scalar(id))}${initial === undefined ? '' : ` = ${initial}`};`)
    this.#names.set(id, name)
    return name
  }

  constant(id: ValueId, value: number): void {
    const text = literal(this.scalar(id), value)
    if (text.startsWith('from_bits')) {
      this.helpers.add('from_bits')
      this.define(id, text)
      return
    }
    this.#constants.add(id)
    this.#names.set(id, text)
  }

  /** Operands of which one at least is no constant expression, whose overflow would be refused. */
  operands(...ids: readonly ValueId[]): readonly string[] {
    const texts = ids.map((id) => this.use(id))
    const [first] = texts
    if (first === undefined || !ids.every((id) => this.#constants.has(id))) return texts
    const name = this.temporary()
    this.line(`let ${name} = ${first};`)
    return [name, ...texts.slice(1)]
  }

  /** A call of a function that the module then has. */
  call(helper: HelperName, ...operands: readonly string[]): string {
    this.helpers.add(helper)
    return `${helper}(${operands.join(', ')})`
  }

  /** Declares a variable of the workgroup. */
  workgroupVariable(name: string, type: string): string {
    this.scratch.set(name, type)
    return name
  }
}
