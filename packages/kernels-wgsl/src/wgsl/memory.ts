import { InternalError, type kernels } from '@equivar/core'
import { isOnce, isUniform, memoryKey } from './group.ts'
import { literal, typeName } from './literals.ts'
import type { PrinterState } from './state.ts'
import { instructionsOf } from './walk.ts'

type Of<Op extends kernels.Instruction['op']> = Extract<kernels.Instruction, { readonly op: Op }>
type WordType = 'f32' | 'i32' | 'u32'

/** A variable that holds buffers, or an array of the workgroup. */
interface Variable {
  readonly name: string
  /** Of its elements, as they are declared. */
  readonly type: WordType
  readonly isAtomic: boolean
  /** Added to positions, or nothing. */
  readonly offset: string
}

/** Loads, stores and atomics on the variables of a module. */
export class MemoryPrinter {
  readonly #state: PrinterState
  readonly #variables = new Map<string, Variable>()
  readonly #exchanged: ReadonlySet<string>
  readonly #used: ReadonlySet<kernels.ValueId>

  constructor(state: PrinterState, exchanged: ReadonlySet<string>, used: ReadonlySet<kernels.ValueId>) {
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
      this.#variables.set(key, { name: `b${variable}`, type, isAtomic: atomics.has(key), offset: isShifted ? ` + i32(${uniformWord(layout.offsets[slot])})` : '' })
    }
    for (const [slot, { scalar }] of kernel.shared.entries()) {
      const key = memoryKey({ space: 'shared', slot })
      this.#variables.set(key, { name: `s${slot}`, type: atomics.has(key) ? atomicType(scalar) : wordType(scalar), isAtomic: atomics.has(key), offset: '' })
    }
  }

  declarations(): string {
    const { kernel, places } = this.#state
    const buffers = kernel.buffers.map(({ name }, slot) => {
      const place = places[slot]
      if (place?.variable !== slot) return ''
      const access = place.isWritable ? 'read_write' : 'read'
      return `@group(0) @binding(${slot + 1}) var<storage, ${access}> b${slot}: array<${this.#elementType({ space: 'buffer', slot })}>; // ${name.replaceAll(/[^\x20-\x7e]/g, '?')}\n`
    })
    const shared = kernel.shared.map(({ length }, slot) => `var<workgroup> s${slot}: array<${this.#elementType({ space: 'shared', slot })}, ${length}>;\n`)
    return [...buffers, ...shared].join('')
  }

  load({ memory, index, mask, result }: Of<'load'>): void {
    const value = this.read(memory, this.#state.use(index))
    this.#state.define(result, mask === null ? value : this.#orZero(memory, value, this.#state.use(mask)))
  }

  loadLanes({ memory, base, active, result }: Of<'loadLanes'>): void {
    const value = this.read(memory, this.#ofLane(base))
    this.#state.define(result, active === null ? value : this.#orZero(memory, value, `${this.#state.lane} < ${this.#state.use(active)}`))
  }

  store(instruction: Of<'store'>): void {
    const { memory, index, value, mask } = instruction
    const state = this.#state
    const text = this.write(memory, state.use(index), state.use(value))
    const isOne = state.group.lanes > 1 && isOnce(state.kernel, instruction)
    const conditions = [...(isOne ? ['lane == 0'] : []), ...(mask === null ? [] : [state.use(mask)])]
    const isExchanged = isOne && this.#exchanged.has(memoryKey(memory))
    if (isExchanged) this.barrier()
    this.#guarded(conditions, text)
    if (isExchanged) this.barrier()
  }

  storeLanes({ memory, base, value, active }: Of<'storeLanes'>): void {
    const text = this.write(memory, this.#ofLane(base), this.#state.use(value))
    this.#guarded(active === null ? [] : [`${this.#state.lane} < ${this.#state.use(active)}`], text)
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
    const { name, type, isAtomic, offset } = this.#variable(memory)
    const element = `${name}[${index}${offset}]`
    const value = isAtomic ? `atomicLoad(&${element})` : element
    const wanted = wordType(this.#scalar(memory))
    return type === wanted ? value : `bitcast<${wanted}>(${value})`
  }

  /** A statement that stores. */
  write(memory: kernels.MemoryRef, index: string, value: string): string {
    const { name, type, isAtomic, offset } = this.#variable(memory)
    const element = `${name}[${index}${offset}]`
    const word = type === wordType(this.#scalar(memory)) ? value : `bitcast<${type}>(${value})`
    return isAtomic ? `atomicStore(&${element}, ${word});` : `${element} = ${word};`
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
    const { type, isAtomic } = this.#variable(memory)
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
