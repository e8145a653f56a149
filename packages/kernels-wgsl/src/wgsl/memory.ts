import { InternalError } from '@equivar/core'
import type * as kernels from '@equivar/core/kernels'
import { isOnce, isUniform, memoryKey } from './group.ts'
import { literal, typeName } from './literals.ts'
import type { PrinterState } from './state.ts'
import { instructionsOf } from './walk.ts'
import type { Width } from './widths.ts'

type Of<Op extends kernels.Instruction['op']> = Extract<kernels.Instruction, { readonly op: Op }>
type Load = Of<'load' | 'loadLanes'>
type Store = Of<'store' | 'storeLanes'>
type WordType = 'f32' | 'i32' | 'u32'

/** A variable that holds buffers, or an array of the workgroup. */
interface Variable {
  readonly name: string
  /** Of its elements, as they are declared. */
  readonly type: WordType
  readonly isAtomic: boolean
  /** Added to positions, or nothing. */
  readonly offset: string
  /** Elements of the vectors that it holds, 1 where it holds none. */
  readonly width: Width
}

/** Loads, stores and atomics on the variables of a module. */
export class MemoryPrinter {
  readonly #state: PrinterState
  readonly #variables = new Map<string, Variable>()
  readonly #exchanged: ReadonlySet<string>
  readonly #used: ReadonlySet<kernels.ValueId>

  constructor(state: PrinterState, exchanged: ReadonlySet<string>, used: ReadonlySet<kernels.ValueId>, widths: ReadonlyMap<string, Width>) {
    this.#state = state
    this.#exchanged = exchanged
    this.#used = used
    const { kernel, places, layout } = state
    const atomics = new Set<string>()
    for (const instruction of instructionsOf(kernel.body)) if (instruction.op === 'atomic') atomics.add(memoryKey(instruction.memory))
    for (const [slot, { variable, isShifted }] of places.entries()) {
      const sharing = places.flatMap((place, k) => (place.variable === variable ? (kernel.buffers[k]?.scalar ?? 'u32') : []))
      const key = memoryKey({ space: 'buffer', slot })
      const type = atomics.has(key) ? atomicType(sharing[0]) : sharing.every((scalar) => scalar === sharing[0]) ? wordType(sharing[0]) : 'u32'
      const all = places.flatMap((place, k) => (place.variable === variable ? [{ isWhole: place.isWhole, width: widths.get(memoryKey({ space: 'buffer', slot: k })) ?? 1 }] : []))
      const width = all.every(({ isWhole }) => isWhole) ? all.reduce<Width>((most, own) => (own.width > most ? own.width : most), 1) : 1
      this.#variables.set(key, { name: `b${variable}`, type, isAtomic: atomics.has(key), width, offset: isShifted ? ` + i32(${uniformWord(layout.offsets[slot])})` : '' })
    }
    for (const [slot, { scalar }] of kernel.shared.entries()) {
      const key = memoryKey({ space: 'shared', slot })
      const type = atomics.has(key) ? atomicType(scalar) : wordType(scalar)
      this.#variables.set(key, { name: `s${slot}`, type, isAtomic: atomics.has(key), offset: '', width: widths.get(key) ?? 1 })
    }
  }

  /** Elements of the vectors that a memory holds. */
  widthOf(memory: kernels.MemoryRef): Width {
    return this.#variable(memory).width
  }

  declarations(): string {
    const { kernel, places } = this.#state
    const buffers = kernel.buffers.map(({ name }, slot) => {
      const place = places[slot]
      if (place?.variable !== slot) return ''
      const access = place.isWritable ? 'read_write' : 'read'
      return `@group(0) @binding(${slot + 1}) var<storage, ${access}> b${slot}: array<${this.#elementType({ space: 'buffer', slot })}>; // ${name.replaceAll(/[^\x20-\x7e]/g, '?')}\n`
    })
    const shared = kernel.shared.map(({ length }, slot) => {
      const memory = { space: 'shared', slot } as const
      return `var<workgroup> s${slot}: array<${this.#elementType(memory)}, ${Math.ceil(length / this.#variable(memory).width)}>;\n`
    })
    return [...buffers, ...shared].join('')
  }

  /** A vector's elements, or one. */
  load(loads: readonly Load[]): void {
    const state = this.#state
    const [first] = loads
    if (!first) return
    const { memory } = first
    const { width } = this.#variable(memory)
    const limit = first.op === 'load' ? (first.mask === null ? null : state.use(first.mask)) : first.active === null ? null : `${state.lane} < ${state.use(first.active)}`
    if (loads.length === 1) {
      const value = this.#value(memory, this.#element(first))
      state.define(first.result, limit === null ? value : this.#orZero(memory, value, limit))
      return
    }
    const type = `vec${width}<${wordType(this.#scalar(memory))}>`
    const { type: stored } = this.#variable(memory)
    const text = `${this.#variable(memory).name}[${this.#vectorOf(memory, this.#index(first))}]`
    const value = stored === wordType(this.#scalar(memory)) ? text : `bitcast<${type}>(${text})`
    const name = state.temporary()
    state.line(`let ${name} = ${limit === null ? value : `select(${type}(), ${value}, ${limit})`};`)
    for (const load of loads) state.name(load.result, `${name}.${'xyzw'[this.#component(load, width)] ?? ''}`)
  }

  /** A vector's elements, or one. */
  store(stores: readonly Store[]): void {
    const state = this.#state
    const last = stores.at(-1)
    if (!last) return
    const { memory } = last
    const { width, name, type } = this.#variable(memory)
    const isOne = last.op === 'store' && state.group.lanes > 1 && isOnce(state.kernel, last)
    const limit = last.op === 'store' ? (last.mask === null ? [] : [state.use(last.mask)]) : last.active === null ? [] : [`${state.lane} < ${state.use(last.active)}`]
    const conditions = [...(isOne ? ['lane == 0'] : []), ...limit]
    const isExchanged = isOne && this.#exchanged.has(memoryKey(memory))
    if (isExchanged) this.barrier()
    if (stores.length === 1) this.#guarded(conditions, this.#assign(memory, this.#element(last), state.use(last.value)))
    else {
      const values = [...stores].sort((a, b) => this.#component(a, width) - this.#component(b, width)).map(({ value }) => this.#word(memory, state.use(value)))
      this.#guarded(conditions, `${name}[${this.#vectorOf(memory, this.#index(last))}] = vec${width}<${type}>(${values.join(', ')});`)
    }
    if (isExchanged) this.barrier()
  }

  /** A sum over lanes, by the lane that has it. */
  storeSum({ memory }: Of<'store'>, index: string, value: string, isOwner: string): void {
    const isExchanged = this.#exchanged.has(memoryKey(memory))
    if (isExchanged) this.barrier()
    this.#guarded([isOwner], this.write(memory, index, value))
    if (isExchanged) this.barrier()
  }

  atomic({ operator, memory, index, value, mask, result }: Of<'atomic'>): void {
    const state = this.#state
    const { lanes } = state.group
    const isOne = lanes > 1 && isUniform(state.kernel, result)
    const conditions = [...(isOne ? ['lane == 0'] : []), ...(mask === null ? [] : [state.use(mask)])]
    const scalar = state.scalar(result)
    const type = typeName(scalar)
    if (!this.#used.has(result)) {
      this.#when(conditions, () => {
        this.#update(operator, memory, state.use(index), state.use(value), null)
      })
      return
    }
    const name = state.declare(result, literal(scalar, 0))
    this.#when(conditions, () => {
      this.#update(operator, memory, state.use(index), state.use(value), name)
    })
    if (!isOne) return
    const pass = state.workgroupVariable(`pass_${type}`, type)
    state.block('if (lane == 0)', () => {
      state.line(`${pass} = ${name};`)
    })
    state.line(`${name} = workgroupUniformLoad(&${pass});`)
  }

  /** Lanes wait for each other, and see what others left. */
  barrier(): void {
    const { kernel, group } = this.#state
    if (group.lanes === 1) return
    if (kernel.buffers.some(({ access }) => access === 'readWrite')) this.#state.line('storageBarrier();')
    this.#state.line('workgroupBarrier();')
  }

  /** An element as an expression of its type. */
  read(memory: kernels.MemoryRef, index: string): string {
    return this.#value(memory, this.#anyElement(memory, index))
  }

  /** A statement that stores. */
  write(memory: kernels.MemoryRef, index: string, value: string): string {
    return this.#assign(memory, this.#anyElement(memory, index), value)
  }

  #value(memory: kernels.MemoryRef, element: string): string {
    const { type, isAtomic } = this.#variable(memory)
    const value = isAtomic ? `atomicLoad(&${element})` : element
    const wanted = wordType(this.#scalar(memory))
    return type === wanted ? value : `bitcast<${wanted}>(${value})`
  }

  #assign(memory: kernels.MemoryRef, element: string, value: string): string {
    const word = this.#word(memory, value)
    return this.#variable(memory).isAtomic ? `atomicStore(&${element}, ${word});` : `${element} = ${word};`
  }

  #word(memory: kernels.MemoryRef, value: string): string {
    const { type } = this.#variable(memory)
    return type === wordType(this.#scalar(memory)) ? value : `bitcast<${type}>(${value})`
  }

  /** The place of an element: in an array, or in a vector of one. */
  #anyElement(memory: kernels.MemoryRef, index: string): string {
    const { name, offset, width } = this.#variable(memory)
    if (width === 1) return `${name}[${index}${offset}]`
    return `${name}[${this.#vectorOf(memory, index)}][(${index}) & ${width - 1}]`
  }

  /** That of a load or store; which component of a vector it is may be known. */
  #element(access: Load | Store): string {
    const { name, width } = this.#variable(access.memory)
    const index = this.#index(access)
    if (width === 1 || this.#state.forms.divisorOf(this.#state.forms.ofAccess(access)) % width !== 0) return this.#anyElement(access.memory, index)
    return `${name}[${this.#vectorOf(access.memory, index)}].${'xyzw'[this.#component(access, width)] ?? ''}`
  }

  /** Offsets are multiples of the widest vectors. */
  #vectorOf(memory: kernels.MemoryRef, index: string): string {
    const { offset, width } = this.#variable(memory)
    return `(${index}${offset}) >> ${width / 2}u`
  }

  #component(access: Load | Store, width: number): number {
    const { constant } = this.#state.forms.ofAccess(access)
    return ((constant % width) + width) % width
  }

  #index(access: Load | Store): string {
    return access.op === 'load' || access.op === 'store' ? this.#state.use(access.index) : this.#ofLane(access.base)
  }

  #update(operator: kernels.AtomicOperator, memory: kernels.MemoryRef, index: string, value: string, result: string | null): void {
    const state = this.#state
    const { name, offset } = this.#variable(memory)
    const place = `&${name}[${index}${offset}]`
    const give = (text: string) => {
      state.line(result === null ? `_ = ${text};` : `${result} = ${text};`)
    }
    const isFloat = this.#scalar(memory) === 'f32'
    if (operator === 'exchange') {
      give(isFloat ? `bitcast<f32>(atomicExchange(${place}, bitcast<u32>(${value})))` : `atomicExchange(${place}, ${value})`)
      return
    }
    if (!isFloat) {
      give(`${{ add: 'atomicAdd', min: 'atomicMin', max: 'atomicMax' }[operator]}(${place}, ${value})`)
      return
    }
    // There is no addition of floating-point numbers at once, so it is tried until nobody came between.
    const [old, next] = [state.temporary(), state.temporary()]
    state.line(`var ${old} = atomicLoad(${place});`)
    state.block('loop', () => {
      state.line(`let ${next} = atomicCompareExchangeWeak(${place}, ${old}, bitcast<u32>(bitcast<f32>(${old}) + ${value}));`)
      state.line(`if (${next}.exchanged) { break; }`)
      state.line(`${old} = ${next}.old_value;`)
    })
    if (result !== null) state.line(`${result} = bitcast<f32>(${old});`)
  }

  #guarded(conditions: readonly string[], statement: string): void {
    this.#state.line(conditions.length === 0 ? statement : `if (${conditions.join(' && ')}) { ${statement} }`)
  }

  #when(conditions: readonly string[], write: () => void): void {
    if (conditions.length === 0) write()
    else this.#state.block(`if (${conditions.join(' && ')})`, write)
  }

  #orZero(memory: kernels.MemoryRef, value: string, mask: string): string {
    return `select(${literal(this.#scalar(memory), 0)}, ${value}, ${mask})`
  }

  #ofLane(base: kernels.ValueId): string {
    const text = this.#state.use(base)
    if (this.#state.group.lanes === 1) return text
    return text === '0i' ? 'lane' : `${text} + lane`
  }

  #elementType(memory: kernels.MemoryRef): string {
    const { type, isAtomic, width } = this.#variable(memory)
    if (width > 1) return `vec${width}<${type}>`
    return isAtomic ? `atomic<${type}>` : type
  }

  #scalar({ space, slot }: kernels.MemoryRef): kernels.StorageType {
    const { kernel } = this.#state
    return (space === 'buffer' ? kernel.buffers[slot] : kernel.shared[slot])?.scalar ?? 'u32'
  }

  #variable(memory: kernels.MemoryRef): Variable {
    const variable = this.#variables.get(memoryKey(memory))
    if (!variable) throw new InternalError(`kernel '${this.#state.kernel.name}' has no ${memory.space} ${memory.slot}`)
    return variable
  }
}

/** A word of the numbers given at launch. */
export function uniformWord(word: number | undefined): string {
  if (word === undefined) throw new InternalError('a number given at launch has no place')
  return `given[${word >>> 2}].${'xyzw'[word & 3] ?? ''}`
}

function wordType(scalar: kernels.StorageType | undefined): WordType {
  return scalar === 'f32' || scalar === 'i32' ? scalar : 'u32'
}

function atomicType(scalar: kernels.StorageType | undefined): WordType {
  return scalar === 'i32' ? 'i32' : 'u32'
}
