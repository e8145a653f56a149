import * as kernels from '@equivar/core/kernels'

type Expression = kernels.Expression
type Storage = kernels.StorageType
type Builder = kernels.KernelBuilder

export interface RandomProblem {
  readonly kernel: kernels.Kernel
  readonly launch: kernels.Launch
}

const storages: readonly Storage[] = ['f32', 'f64', 'i32', 'u32']
const arrayOf = { f32: Float32Array, f64: Float64Array, i32: Int32Array, u32: Uint32Array } as const
/** Elements of every buffer that is read. */
const length = 97

/** A kernel of arithmetic, loads, stores, loops and branches that is right by construction, with what it runs on. */
export function randomProblem(seed: number, lanes: number): RandomProblem {
  const random = new Random(seed)
  const gridRank = random.below(3) as 0 | 1 | 2
  const grid = Array.from({ length: gridRank + 1 }, () => 1 + random.below(4))
  const b = new kernels.KernelBuilder('random', { lanes, gridRank: (gridRank + 1) as 1 | 2 | 3 })
  const writer = new RandomWriter(b, random, lanes, grid)
  writer.run()
  const kernel = b.build()
  const buffers = Object.fromEntries(
    kernel.buffers.map(({ name, scalar }) => {
      const isInput = name.startsWith('in')
      const size = isInput ? length + lanes : writer.outputLength
      const data = Array.from({ length: size }, () => (scalar === 'f32' || scalar === 'f64' ? random.real() : random.below(isInput && random.isTrue() ? 20 : 2 ** 31)))
      return [name, new arrayOf[scalar](data)]
    }),
  )
  const parameters = Object.fromEntries(kernel.parameters.map(({ name, scalar }) => [name, scalar === 'f32' || scalar === 'f64' ? Math.fround(random.real()) : random.below(30)]))
  return { kernel, launch: { grid, parameters, buffers } }
}

/** Numbers without a pattern, the same for one seed. */
class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  /** 0 … limit − 1 */
  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((this.#state / 2 ** 32) * limit)
  }

  isTrue(): boolean {
    return this.below(2) === 1
  }

  real(): number {
    return (this.below(2 ** 20) / 2 ** 17 - 4) * 2 ** (this.below(7) - 3)
  }

  of<T>(list: readonly [T, ...T[]]): T {
    return list[this.below(list.length)] ?? list[0]
  }
}

class RandomWriter {
  readonly #b: Builder
  readonly #random: Random
  readonly #lanes: number
  readonly #inputs: readonly kernels.Memory[]
  readonly #shared: readonly kernels.Memory[]
  /** Values that may be used here. */
  #pool: Expression[] = []
  #outputs = 0
  readonly #program: Expression
  readonly outputLength: number

  constructor(b: Builder, random: Random, lanes: number, grid: readonly number[]) {
    this.#b = b
    this.#random = random
    this.#lanes = lanes
    this.outputLength = grid.reduce((product, extent) => product * extent, 1) * lanes * 3
    this.#inputs = storages.map((scalar) => b.buffer(`in_${scalar}`, scalar, 'read'))
    this.#shared = storages.map((scalar) => b.shared(`own_${scalar}`, scalar, lanes * 2))
    this.#pool.push(b.parameter('count', 'index'), b.parameter('factor', 'f32'), b.parameter('shift', 'i32'), b.parameter('wide', 'f64'), b.parameter('word', 'u32'), b.lane())
    let program = b.programId(0)
    let size = grid[0] ?? 1
    for (const [axis, extent] of grid.entries()) {
      if (axis === 0) continue
      program = program.add(b.programId(axis).mul(size))
      size *= extent
    }
    this.#program = program
    for (const scalar of storages) this.#pool.push(b.constant(scalar, random.below(9)))
    for (const memory of this.#shared) memory.storeLanes(0, this.#value(memory.scalar))
    b.barrier()
  }

  run(): void {
    this.#statements(12 + this.#random.below(25), 0)
    for (let k = 0; k < 4; k++) this.#output()
  }

  #statements(count: number, depth: number): void {
    for (let k = 0; k < count; k++) this.#statement(depth)
  }

  #statement(depth: number): void {
    const kind = this.#random.below(20)
    if (kind < 8) this.#pool.push(this.#computed())
    else if (kind < 12) this.#pool.push(this.#loaded())
    else if (kind < 14) this.#pool.push(this.#condition())
    else if (kind === 14) this.#output()
    else if (kind === 15) this.#throughShared()
    else if (kind === 16) this.#pool.push(this.#number('varying').reduce(this.#random.of(['sum']), this.#random.isTrue() ? {} : { active: this.#index('uniform') }))
    else if (depth < 3 && this.#random.isTrue()) this.#loop(depth)
    else if (depth < 3) this.#branch(depth)
  }

  /** What is made inside is not visible outside. */
  #inside<T>(run: () => T): T {
    const before = [...this.#pool]
    const result = run()
    this.#pool = before
    return result
  }

  #loop(depth: number): void {
    const random = this.#random
    const [start, end, step] = [random.below(3), random.isTrue() ? random.below(5) : this.#index('uniform').min(4), 1 + random.below(3)]
    const initial = Array.from({ length: random.below(4) }, () => this.#value(random.of(['f32', 'f64', 'i32', 'u32', 'bool', 'index'])))
    const carry = initial.map((value) => (value.type.uniformity === 'uniform' && random.isTrue() ? kernels.varying(value) : value))
    const results = this.#b.loop(start, end, { step, carry }, (counter, inside: readonly Expression[]) =>
      this.#inside(() => {
        this.#pool.push(counter, ...inside)
        this.#statements(2 + random.below(7), depth + 1)
        return inside.map((value) => this.#value(value.scalar, value.type.uniformity === 'uniform' ? 'uniform' : undefined))
      }),
    )
    this.#pool.push(...results)
  }

  #branch(depth: number): void {
    const random = this.#random
    const condition = this.#value('bool', 'uniform')
    const scalars = Array.from({ length: random.below(3) }, () => random.of<kernels.ScalarType>(['f32', 'f64', 'i32', 'u32', 'bool', 'index']))
    const side = () =>
      this.#inside(() => {
        this.#statements(1 + random.below(5), depth + 1)
        return scalars.map((scalar) => this.#value(scalar))
      })
    const results: readonly Expression[] = this.#b.branch(condition, side, side)
    this.#pool.push(...results)
  }

  #value(scalar: kernels.ScalarType, uniformity?: 'uniform'): Expression {
    const fitting = this.#pool.filter((value) => value.scalar === scalar && (uniformity === undefined || value.type.uniformity === uniformity))
    const last = fitting[this.#random.below(fitting.length)]
    if (last) return last
    return scalar === 'bool' ? this.#number('uniform').less(3) : this.#b.constant(scalar, this.#random.below(9))
  }

  #number(uniformity: 'uniform' | 'varying'): Expression {
    const scalar = this.#random.of(storages as readonly [Storage, ...Storage[]])
    const value = uniformity === 'uniform' ? this.#value(scalar, 'uniform') : this.#value(scalar)
    return uniformity === 'uniform' || value.type.uniformity === 'varying' ? value : value.add(this.#b.lane().convert(scalar))
  }

  /** 0 … 96, far from where an index would not fit. */
  #index(uniformity?: 'uniform'): Expression {
    const value = this.#value('index', uniformity)
    const form = this.#random.below(4)
    if (form === 0) return value.abs().rem(30).mul(3).add(this.#random.below(7))
    if (form === 1) return value.abs().rem(90)
    if (form === 2) return uniformity ? this.#program.rem(40).mul(2) : this.#b.lane().mul(1 + this.#random.below(3)).add(value.abs().rem(2)).rem(97)
    return (uniformity ? this.#value('u32', 'uniform') : this.#value('u32')).rem(97).convert('index')
  }

  #loaded(): Expression {
    const memory = this.#random.of(this.#inputs as readonly [kernels.Memory, ...kernels.Memory[]])
    const mask = this.#random.isTrue() ? { mask: this.#value('bool') } : {}
    switch (this.#random.below(5)) {
      case 0:
        return memory.load(this.#index('uniform'), mask)
      case 1:
        return memory.load(this.#index(), mask)
      case 2:
        return memory.loadLanes(this.#index('uniform'))
      case 3:
        return memory.loadLanes(this.#index('uniform'), { active: this.#value('index', 'uniform').rem(40).sub(this.#random.below(3)) })
      default: {
        // Lanes at a distance, as far as there are elements.
        const at = this.#b.lane().mul(1 + this.#random.below(4)).add(this.#program).add(this.#random.below(5))
        return memory.load(at, { mask: at.less(length) })
      }
    }
  }

  #computed(): Expression {
    const random = this.#random
    const a = this.#value(random.of<kernels.ScalarType>(['f32', 'f32', 'f64', 'i32', 'u32', 'index']))
    const b = this.#value(a.scalar)
    if (a.scalar === 'index') {
      // Small, so that no product leaves 32 bits.
      const [x, y] = [a.rem(1000), b.rem(1000)]
      return random.of([x.add(y), x.sub(y), x.mul(y), x.min(y), x.max(y), x.neg(), x.div(3), x.less(y).select(x, y)])
    }
    if (a.scalar === 'i32' || a.scalar === 'u32')
      return random.of([a.add(b), a.sub(b), a.mul(b), a.xor(b), a.and(b), a.or(b), a.not(), a.shiftLeft(3), a.shiftRight(b.and(31)), a.div(7), a.rem(b.or(1)), a.min(b), a.max(b), a.convert('f32'), a.convert('index').rem(500)])
    const c = this.#value(a.scalar)
    const other = a.scalar === 'f32' ? 'f64' : 'f32'
    const tame = (x: Expression) => x.abs().less(1e6).select(x, 1)
    return random.of([a.add(b), a.sub(b), tame(a).mul(tame(b)), tame(a).fma(tame(b), c), tame(a).fma(tame(b), tame(c)), tame(a).neg().fma(tame(b), c), a.neg(), a.abs(), a.abs().sqrt(), a.floor(), tame(a).div(b.abs().add(1)), a.convert(other), tame(a).convert('i32'), a.less(b).select(a, c)])
  }

  #condition(): Expression {
    const random = this.#random
    const a = this.#value(random.of<kernels.ScalarType>(['f32', 'f64', 'i32', 'u32', 'index', 'bool']))
    const b = this.#value(a.scalar)
    if (a.scalar === 'bool') return random.of([a.and(b), a.or(b), a.xor(b), a.not(), a.equal(b)])
    return random.of([a.less(b), a.lessEqual(b), a.equal(b), a.notEqual(b)])
  }

  /** Lanes read what other lanes wrote. */
  #throughShared(): void {
    const memory = this.#random.of(this.#shared as readonly [kernels.Memory, ...kernels.Memory[]])
    this.#b.barrier()
    memory.storeLanes(this.#random.below(this.#lanes), this.#value(memory.scalar))
    this.#b.barrier()
    this.#pool.push(memory.load(this.#b.lane().add(this.#random.below(this.#lanes)).rem(this.#lanes)))
    this.#pool.push(memory.load(this.#b.lane()))
  }

  /** Every program stores to its own elements of an array of its own. */
  #output(): void {
    const value = this.#value(this.#random.of(storages as readonly [Storage, ...Storage[]]))
    const out = this.#b.buffer(`out${this.#outputs++}`, value.scalar as Storage, 'write')
    const base = this.#program.mul(this.#lanes * 3)
    const lane = this.#b.lane()
    switch (this.#random.below(5)) {
      case 0:
        out.storeLanes(base, value)
        return
      case 1:
        out.storeLanes(base, value, { active: this.#index('uniform').sub(3).min(40) })
        return
      case 2:
        out.store(base.add(lane.mul(3)), value)
        out.store(base.add(lane.mul(3)).add(1), value)
        out.store(base.add(lane.mul(3)).add(2), this.#value(value.scalar))
        return
      case 3:
        out.store(base.add(lane.mul(2)).add(1), value, { mask: this.#value('bool') })
        return
      default: {
        const mask = lane.add(this.#program).less(this.#value('index', 'uniform'))
        out.store(base.add(lane), value, { mask })
      }
    }
  }
}
