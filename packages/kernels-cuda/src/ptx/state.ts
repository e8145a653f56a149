import { InternalError } from '@equivar/core'
import * as kernels from '@equivar/core/kernels'
import { copiedArrays } from './copied-arrays.ts'
import { literal } from './literals.ts'
import { entryParameters, type EntryParameters } from './parameters.ts'
import { type BlockShape, blockShape, warpSize } from './shape.ts'
import { classOf, elementBytes, type IndexBits, type RegisterClass, suffixOf } from './types.ts'
import { PtxWriter } from './writer.ts'

/** Where the values of a kernel are, and what every thread knows of itself. */
export class PtxState {
  readonly kernel: kernels.Kernel
  readonly indexBits: IndexBits
  readonly writer = new PtxWriter()
  readonly shape: BlockShape
  readonly entry: EntryParameters
  readonly forms: kernels.IndexForms
  /** How often a value is used. */
  readonly uses: ReadonlyMap<kernels.ValueId, number>
  /** Target tiles whose elements are in registers, a thread's own of each. */
  readonly heldTiles = new Map<string, readonly string[]>()
  /** Shared arrays that are filled by copies which nobody waits for before the next barrier. */
  readonly copied: ReadonlySet<number>
  /** Loads that are not to be made before their loop, though they could be. */
  readonly readInTurn = new Set<kernels.Instruction>()
  /** Number of the lane, 32 bits; `'0'` in programs of one lane. */
  readonly lane: string
  /** Bytes behind the shared arrays for values that threads hand one another. */
  #exchangeBytes = 0
  readonly #values: (string | undefined)[]

  constructor(kernel: kernels.Kernel, indexBits: IndexBits, uses: ReadonlyMap<kernels.ValueId, number>) {
    this.kernel = kernel
    this.indexBits = indexBits
    this.uses = uses
    this.shape = blockShape(kernel)
    this.entry = entryParameters(kernel, indexBits)
    this.forms = new kernels.IndexForms(kernel)
    this.copied = copiedArrays(kernel, uses, this.forms)
    this.#values = Array.from({ length: kernel.types.length })
    this.lane = this.#findPlace()
  }

  typeOf(id: kernels.ValueId): kernels.KernelType {
    const type = this.kernel.types[id]
    if (!type) throw new InternalError(`value %${id} has no type`)
    return type
  }

  classOf(id: kernels.ValueId): RegisterClass {
    return classOf(this.typeOf(id).scalar, this.indexBits)
  }

  suffixOf(id: kernels.ValueId): string {
    return suffixOf(this.typeOf(id).scalar, this.indexBits)
  }

  get indexClass(): RegisterClass {
    return classOf('index', this.indexBits)
  }

  get indexSuffix(): string {
    return suffixOf('index', this.indexBits)
  }

  /** The register or literal of a value. */
  use(id: kernels.ValueId): string {
    const operand = this.#values[id]
    if (operand === undefined) throw new InternalError(`value %${id} is not there`)
    return operand
  }

  /** Whether a value is there. */
  has(id: kernels.ValueId): boolean {
    return this.#values[id] !== undefined
  }

  set(id: kernels.ValueId, operand: string): void {
    this.#values[id] = operand
  }

  /** A new register for a value. */
  define(id: kernels.ValueId): string {
    const register = this.writer.register(this.classOf(id))
    this.#values[id] = register
    return register
  }

  constant(id: kernels.ValueId, value: number): void {
    const { scalar } = this.typeOf(id)
    if (scalar !== 'bool') this.set(id, literal(scalar, value))
    else this.set(id, this.writer.early(`bool ${value}`, 'p', (to) => `setp.${value === 1 ? 'eq' : 'ne'}.u32 ${to}, 0, 0`))
  }

  /** The lane as an `index`. */
  get laneIndex(): string {
    if (this.indexBits === 32 || this.lane === '0') return this.lane
    return this.writer.early('lane index', 'q', (to) => `cvt.u64.u32 ${to}, ${this.lane}`)
  }

  /** True in one thread of a program; `null` where there is but one. */
  get leader(): string | null {
    return this.shape.threads === 1 ? null : this.writer.early('leader', 'p', (to) => `setp.eq.u32 ${to}, ${this.lane}, 0`)
  }

  /** True in threads that are lanes; `null` where all are. */
  get inside(): string | null {
    const { lanes } = this.kernel
    return this.shape.threads === lanes ? null : this.writer.early('inside', 'p', (to) => `setp.lt.u32 ${to}, ${this.lane}, ${lanes}`)
  }

  /** Threads of this program within its warp, as a mask. */
  get members(): string {
    const { threads } = this.shape
    if (threads >= warpSize) return '0xffffffff'
    const first = this.writer.early('first of members', 'r', (to) => `and.b32 ${to}, %tid_x, ${warpSize - threads}`)
    return this.writer.early('members', 'r', (to) => `shl.b32 ${to}, ${2 ** threads - 1}, ${first}`)
  }

  /** All conditions together; `null` where there is none. */
  all(...conditions: readonly (string | null)[]): string | null {
    return conditions.reduce((both, own) => {
      if (both === null || own === null || both === own) return both ?? own
      return this.writer.known(`and ${both} ${own}`, () => this.writer.define('p', (to) => `and.pred ${to}, ${both}, ${own}`))
    }, null)
  }

  /** True for lanes below a uniform index. */
  below(active: kernels.ValueId): string {
    const bound = this.use(active)
    if (this.lane === '0') return this.writer.known(`below ${bound}`, () => this.writer.define('p', (to) => `setp.gt.${this.indexSuffix} ${to}, ${bound}, 0`))
    const lane = this.laneIndex
    return this.writer.known(`below ${bound}`, () => this.writer.define('p', (to) => `setp.lt.${this.indexSuffix} ${to}, ${lane}, ${bound}`))
  }

  barrier(): void {
    const { threads } = this.shape
    if (threads === 1) return
    if (this.copied.size > 0) this.writer.line('cp.async.wait_all')
    this.writer.line(threads > warpSize ? 'bar.sync 0' : `bar.warp.sync ${this.members}`)
  }

  /** Address of memory through which the threads of a program hand on values, so many bytes of it. */
  exchange(byteLength: number): string {
    this.#exchangeBytes = Math.max(this.#exchangeBytes, byteLength)
    const { sharedBytes, programs } = this.shape
    const start = this.writer.early('shared memory', 'r', (to) => `mov.u32 ${to}, shared_memory`)
    return this.writer.early('exchange', 'r', (to) => `add.u32 ${to}, ${start}, ${sharedBytes * programs}`)
  }

  /** Shared memory of a block: arrays of its programs, and behind them what threads hand one another values in. */
  get sharedBytes(): number {
    return this.shape.sharedBytes * this.shape.programs + this.#exchangeBytes
  }

  get sharedDeclarations(): readonly string[] {
    return this.sharedBytes === 0 ? [] : ['.extern .shared .align 16 .b8 shared_memory[];', '']
  }

  /** Address of element 0 of a memory, in 64 bits for a buffer, in 32 for a shared array. */
  base({ space, slot }: kernels.MemoryRef): string {
    if (space === 'shared') {
      const { sharedOffsets, sharedBytes, programs } = this.shape
      const start = this.writer.early('shared memory', 'r', (to) => `mov.u32 ${to}, shared_memory`)
      const own = programs === 1 ? start : this.writer.early('own shared memory', 'r', (to) => `mad.lo.u32 ${to}, %own_program, ${sharedBytes}, ${start}`)
      const offset = sharedOffsets[slot] ?? 0
      return offset === 0 ? own : this.writer.early(`shared ${slot}`, 'r', (to) => `add.u32 ${to}, ${own}, ${offset}`)
    }
    const given = this.writer.early(`given buffer ${slot}`, 'q', (to) => `ld.param.u64 ${to}, [${this.entry.buffers[slot]?.name ?? ''}]`)
    return this.writer.early(`buffer ${slot}`, 'q', (to) => `cvta.to.global.u64 ${to}, ${given}`)
  }

  /** `[register + immediate]` for the element at a form. */
  address(memory: kernels.MemoryRef, form: kernels.IndexForm, bytes: number): string {
    const lane = this.lane === '0' ? 0 : form.lane
    const base = lane === 0 ? this.base(memory) : this.#baseOfLane(memory, lane * bytes)
    const terms = this.#sum(form)
    if (terms === null) return place(base, form.constant * bytes)
    const key = `address ${memory.space} ${memory.slot} ${lane} ${kernels.formKey(form)}`
    const register = this.writer.known(key, () => {
      if (memory.space === 'buffer')
        return this.writer.define('q', (to) => (this.indexBits === 32 ? `mad.wide.s32 ${to}, ${terms}, ${bytes}, ${base}` : `mad.lo.s64 ${to}, ${terms}, ${bytes}, ${base}`))
      const narrow = this.indexBits === 32 ? terms : this.writer.define('r', (to) => `cvt.u32.u64 ${to}, ${terms}`)
      return this.writer.define('r', (to) => `mad.lo.s32 ${to}, ${narrow}, ${bytes}, ${base}`)
    })
    return place(register, form.constant * bytes)
  }

  #baseOfLane(memory: kernels.MemoryRef, bytes: number): string {
    const base = this.base(memory)
    const isGlobal = memory.space === 'buffer'
    return this.writer.early(`lanes of ${memory.space} ${memory.slot} ${bytes}`, isGlobal ? 'q' : 'r', (to) => `mad.${isGlobal ? 'wide' : 'lo'}.s32 ${to}, ${this.lane}, ${bytes}, ${base}`)
  }

  /** The terms of a form added up, without lane and constant; `null` where there are none. */
  #sum({ terms }: kernels.IndexForm): string | null {
    const { indexSuffix, indexClass, writer } = this
    let [sum, key]: [string | null, string] = [null, 'sum']
    for (const { value, factor } of terms) {
      const own = this.use(value)
      const before = sum
      key += ` ${factor}*${value}`
      sum = writer.known(key, () => {
        if (before === null) return factor === 1 ? own : writer.define(indexClass, (to) => `mul.lo.${indexSuffix} ${to}, ${own}, ${factor}`)
        if (factor === 1) return writer.define(indexClass, (to) => `add.${indexSuffix} ${to}, ${before}, ${own}`)
        if (factor === -1) return writer.define(indexClass, (to) => `sub.${indexSuffix} ${to}, ${before}, ${own}`)
        return writer.define(indexClass, (to) => `mad.lo.${indexSuffix} ${to}, ${own}, ${factor}, ${before}`)
      })
    }
    return sum
  }

  /** Writes which program and lane a thread is; threads without a program end. */
  #findPlace(): string {
    const { threads, programs } = this.shape
    const { writer } = this
    writer.earlyLine('.reg .b32 %tid_x')
    writer.earlyLine('.reg .b32 %program')
    writer.earlyLine('.reg .b32 %own_program')
    writer.earlyLine('mov.u32 %tid_x, %tid.x')
    writer.earlyLine('mov.u32 %program, %ctaid.x')
    if (programs > 1) {
      const all = writer.early('number of programs', 'r', (to) => `ld.param.u32 ${to}, [${this.entry.numPrograms.name}]`)
      writer.earlyLine(`shr.u32 %own_program, %tid_x, ${Math.log2(threads)}`)
      writer.earlyLine(`mad.lo.u32 %program, %program, ${programs}, %own_program`)
      const beyond = writer.early('beyond programs', 'p', (to) => `setp.ge.u32 ${to}, %program, ${all}`)
      writer.earlyLine(`@${beyond} ret`)
    }
    if (threads === 1) return '0'
    return programs === 1 ? '%tid_x' : writer.early('lane', 'r', (to) => `and.b32 ${to}, %tid_x, ${threads - 1}`)
  }

  /** Position of the program along an axis of the grid, as an `index`. */
  programId(axis: number): string {
    const { writer } = this
    const word = this.#programWord(axis)
    return this.indexBits === 32 ? word : writer.early(`program id ${axis}`, 'q', (to) => `cvt.u64.u32 ${to}, ${word}`)
  }

  #programWord(axis: number): string {
    const { writer } = this
    const { gridRank } = this.kernel
    const rest = (from: number): string => {
      if (from === 0) return '%program'
      const before = rest(from - 1)
      return writer.early(`program ${from} …`, 'r', (to) => `div.u32 ${to}, ${before}, ${this.#extent(from - 1)}`)
    }
    const own = rest(axis)
    return axis === gridRank - 1 ? own : writer.early(`program ${axis}`, 'r', (to) => `rem.u32 ${to}, ${own}, ${this.#extent(axis)}`)
  }

  #extent(axis: number): string {
    return this.writer.early(`extent ${axis}`, 'r', (to) => `ld.param.u32 ${to}, [${this.entry.grid[axis]?.name ?? ''}]`)
  }
}

function place(register: string, offset: number): string {
  return offset === 0 ? `[${register}]` : `[${register}+${offset}]`
}

/** Bytes of an element in memory. */
export function bytesOfMemory(kernel: kernels.Kernel, { space, slot }: kernels.MemoryRef): number {
  return elementBytes[scalarOfMemory(kernel, { space, slot })]
}

export function scalarOfMemory(kernel: kernels.Kernel, { space, slot }: kernels.MemoryRef): kernels.StorageType {
  const memory = (space === 'buffer' ? kernel.buffers : kernel.shared)[slot]
  if (!memory) throw new InternalError(`there is no ${space} ${slot}`)
  return memory.scalar
}
