import { InternalError, KernelError } from '../../errors.ts'
import { binaryFunction, bitcastFunction, compareFunction, convertFunction, fmaFunction, fusedFunction, neutralElement, unaryFunction } from '../arithmetic.ts'
import type { AtomicOperator, Block, Instruction, Kernel, MemoryRef, ScalarType, ValueId } from '../ir.ts'
import { isFloat } from '../types.ts'
import type { CheckedLaunch } from './launch.ts'
import { allLanes, type CheckedMemory, type Moment, once } from './memory.ts'
import { multiplyTiles } from './tile.ts'

/** One thing to do; blocks become lists of these. */
type Step = () => void
/** The number that every lane holds; one number for a uniform value. */
type Lanes = Float64Array

export interface MachineState {
  readonly kernel: Kernel
  readonly launch: CheckedLaunch
  readonly buffers: readonly CheckedMemory[]
  readonly shared: readonly CheckedMemory[]
  readonly moment: Moment
  /** Position of the running program. */
  readonly position: readonly number[]
  readonly fma: 'separate' | 'fused'
}

/** Turns the body of a kernel into one function that runs a program: every instruction for all lanes before the next. */
export function assemble(state: MachineState): Step {
  return new Assembler(state).block(state.kernel.body)
}

class Assembler {
  readonly #state: MachineState
  readonly #values: readonly Lanes[]
  /** Who does what all lanes do together; in a program of one lane nobody is in anybody's way. */
  readonly #all: number

  constructor(state: MachineState) {
    this.#state = state
    this.#all = state.kernel.lanes === 1 ? once : allLanes
    this.#values = state.kernel.types.map(({ uniformity }) => new Float64Array(uniformity === 'uniform' ? 1 : state.kernel.lanes))
  }

  block(block: Block): Step {
    const steps = block.map((instruction) => this.#step(instruction))
    return () => {
      for (const step of steps) step()
    }
  }

  #step(instruction: Instruction): Step {
    const { launch, position, moment } = this.#state
    switch (instruction.op) {
      case 'constant':
        return this.#given(instruction.result, () => instruction.value)
      case 'parameter':
        return this.#given(instruction.result, () => launch.parameters[instruction.parameter] ?? 0)
      case 'programId':
        return this.#given(instruction.result, () => position[instruction.axis] ?? 0)
      case 'lane': {
        const out = this.#lanes(instruction.result)
        return () => out.forEach((_, lane) => (out[lane] = lane))
      }
      case 'unary':
        return this.#map(instruction.result, [instruction.x], unaryFunction(instruction.operator, this.#scalar(instruction.x)))
      case 'binary': {
        const scalar = this.#scalar(instruction.a)
        const apply = binaryFunction(instruction.operator, scalar)
        const divides = !isFloat(scalar) && (instruction.operator === 'div' || instruction.operator === 'rem') && this.#lanes(instruction.b).length === 1
        const step = this.#map(instruction.result, [instruction.a, instruction.b], apply)
        if (!divides) return step
        const divisor = this.#lanes(instruction.b)
        return () => {
          if (divisor[0] === 0) throw new KernelError(`${instruction.operator}: %${instruction.a} is divided by zero`)
          step()
        }
      }
      case 'compare':
        return this.#map(instruction.result, [instruction.a, instruction.b], compareFunction(instruction.operator))
      case 'select':
        return this.#map(instruction.result, [instruction.condition, instruction.a, instruction.b], (condition, a, b) => (condition === 1 ? a : b))
      case 'fma': {
        const scalar = this.#scalar(instruction.a)
        return this.#map(instruction.result, [instruction.a, instruction.b, instruction.c], this.#state.fma === 'fused' ? fusedFunction(scalar) : fmaFunction(scalar))
      }
      case 'convert':
        return this.#map(instruction.result, [instruction.x], convertFunction(this.#scalar(instruction.x), this.#scalar(instruction.result)))
      case 'bitcast':
        return this.#map(instruction.result, [instruction.x], bitcastFunction(this.#scalar(instruction.x), this.#scalar(instruction.result)))
      case 'load': {
        const [memory, out] = [this.#memory(instruction.memory), this.#lanes(instruction.result)]
        const each = this.#masked([instruction.index], instruction.mask)
        return () => {
          out.fill(0)
          each((lane, index) => (out[Math.max(lane, 0)] = memory.read(index, lane === once ? this.#all : lane)))
        }
      }
      case 'loadLanes': {
        const [memory, out, base] = [this.#memory(instruction.memory), this.#lanes(instruction.result), this.#lanes(instruction.base)]
        const count = this.#active(instruction.active)
        return () => {
          out.fill(0)
          for (let lane = 0; lane < count(); lane++) out[lane] = memory.read(at(base, 0) + lane, this.#who(lane))
        }
      }
      case 'store': {
        const memory = this.#memory(instruction.memory)
        const each = this.#masked([instruction.index, instruction.value], instruction.mask)
        return () => each((lane, index, value) => memory.write(index, value, lane))
      }
      case 'storeLanes': {
        const [memory, base, value] = [this.#memory(instruction.memory), this.#lanes(instruction.base), this.#lanes(instruction.value)]
        const [count, stride] = [this.#active(instruction.active), value.length === 1 ? 0 : 1]
        return () => {
          for (let lane = 0; lane < count(); lane++) memory.write(at(base, 0) + lane, at(value, lane * stride), this.#who(lane))
        }
      }
      case 'atomic': {
        const [memory, out] = [this.#memory(instruction.memory), this.#lanes(instruction.result)]
        const each = this.#masked([instruction.index, instruction.value], instruction.mask)
        const replace = atomicFunction(instruction.operator, this.#scalar(instruction.value))
        return () => {
          out.fill(0)
          each((lane, index, value) => (out[Math.max(lane, 0)] = memory.update(index, lane, (before) => replace(before, value))))
        }
      }
      case 'reduce':
        return this.#reduce(instruction)
      case 'barrier':
        return () => {
          moment.epoch++
        }
      case 'tileMultiplyAdd': {
        const refs = [instruction.target, instruction.a, instruction.b] as const
        const [target, a, b] = refs.map(({ slot, offset, order, stride }) => {
          const [memory, start] = [this.#memory({ space: 'shared', slot }), this.#lanes(offset)]
          return { memory, order, stride, offset: () => at(start, 0) }
        })
        if (!target || !a || !b) throw new InternalError('a tile product has three tiles')
        return () => multiplyTiles(instruction, target, a, b, this.#all)
      }
      case 'loop':
        return this.#loop(instruction)
      case 'branch': {
        const condition = this.#lanes(instruction.condition)
        const [then, otherwise] = [this.block(instruction.then), this.block(instruction.otherwise)]
        const copies = instruction.results.map((ids) => {
          const [out, left, right] = [this.#lanes(ids.result), this.#lanes(ids.then), this.#lanes(ids.otherwise)]
          return { out, then: left, otherwise: right }
        })
        return () => {
          const isTrue = at(condition, 0) === 1
          if (isTrue) then()
          else otherwise()
          for (const copy of copies) assign(copy.out, isTrue ? copy.then : copy.otherwise)
        }
      }
    }
  }

  #loop({ counter, start, end, step, carried, body }: Extract<Instruction, { readonly op: 'loop' }>): Step {
    const run = this.block(body)
    const [i, from, to, by] = [this.#lanes(counter), this.#lanes(start), this.#lanes(end), this.#lanes(step)]
    const copies = carried.map(({ initial, inside, next, result }) => ({
      initial: this.#lanes(initial),
      inside: this.#lanes(inside),
      next: this.#lanes(next),
      result: this.#lanes(result),
    }))
    return () => {
      const stride = at(by, 0)
      if (stride < 1) throw new KernelError(`loop: the step is ${stride}, but must be positive`)
      // Results serve as the place where a whole round of values waits, because one may be handed to another's place.
      for (const copy of copies) assign(copy.result, copy.initial)
      const last = at(to, 0)
      for (let count = at(from, 0); count < last; count += stride) {
        i[0] = count
        for (const copy of copies) assign(copy.inside, copy.result)
        run()
        for (const copy of copies) assign(copy.result, copy.next)
      }
    }
  }

  #reduce({ operator, result, x, active }: Extract<Instruction, { readonly op: 'reduce' }>): Step {
    const [out, lanes, count, scalar] = [this.#lanes(result), this.#lanes(x), this.#active(active), this.#scalar(x)]
    const combine = binaryFunction(operator === 'sum' ? 'add' : operator, scalar)
    const neutral = neutralElement(operator, scalar)
    const tree = new Float64Array(2 ** Math.ceil(Math.log2(lanes.length)))
    return () => {
      tree.fill(neutral)
      tree.set(lanes.subarray(0, count()))
      for (let distance = tree.length / 2; distance >= 1; distance /= 2)
        for (let lane = 0; lane < distance; lane++) tree[lane] = combine(at(tree, lane), at(tree, lane + distance))
      out[0] = at(tree, 0)
    }
  }

  #given(result: ValueId, value: () => number): Step {
    const out = this.#lanes(result)
    return () => {
      out[0] = value()
    }
  }

  /** A function of up to three operands, lane by lane. */
  #map(result: ValueId, operands: readonly ValueId[], apply: (a: number, b: number, c: number) => number): Step {
    const out = this.#lanes(result)
    const [a, b, c] = [0, 1, 2].map((k) => this.#lanes(operands[k] ?? operands[0] ?? 0))
    if (!a || !b || !c) throw new InternalError('an instruction has an operand')
    const [strideA, strideB, strideC] = [a, b, c].map((lanes) => (lanes.length === 1 ? 0 : 1))
    if (strideA === undefined || strideB === undefined || strideC === undefined) throw new InternalError('an operand has a stride')
    return () => {
      for (let lane = 0; lane < out.length; lane++) out[lane] = apply(at(a, lane * strideA), at(b, lane * strideB), at(c, lane * strideC))
    }
  }

  /** Calls back once if nothing varies, and once for every lane otherwise, where the mask is true. */
  #masked(operands: readonly ValueId[], mask: ValueId | null): (visit: (lane: number, first: number, second: number) => void) => void {
    const [first, second] = [this.#lanes(operands[0] ?? 0), this.#lanes(operands[1] ?? operands[0] ?? 0)]
    const allowed = mask === null ? undefined : this.#lanes(mask)
    const isVarying = [...operands, ...(mask === null ? [] : [mask])].some((id) => this.#lanes(id).length > 1)
    const count = isVarying ? this.#state.kernel.lanes : 1
    const pick = (lanes: Lanes, lane: number) => at(lanes, lanes.length === 1 ? 0 : lane)
    return (visit) => {
      for (let lane = 0; lane < count; lane++)
        if (!allowed || pick(allowed, lane) === 1) visit(isVarying ? this.#who(lane) : once, pick(first, lane), pick(second, lane))
    }
  }

  /** Number of lanes that take part. */
  #active(id: ValueId | null): () => number {
    const { lanes } = this.#state.kernel
    if (id === null) return () => lanes
    const active = this.#lanes(id)
    return () => Math.max(0, Math.min(lanes, at(active, 0)))
  }

  #lanes(id: ValueId): Lanes {
    const lanes = this.#values[id]
    if (!lanes) throw new InternalError(`value %${id} has no lanes`)
    return lanes
  }

  #who(lane: number): number {
    return this.#all === once ? once : lane
  }

  #scalar(id: ValueId): ScalarType {
    return this.#state.kernel.types[id]?.scalar ?? 'f64'
  }

  #memory({ space, slot }: MemoryRef): CheckedMemory {
    const memory = (space === 'buffer' ? this.#state.buffers : this.#state.shared)[slot]
    if (!memory) throw new InternalError(`there is no ${space} ${slot}`)
    return memory
  }
}

function at(lanes: Lanes, lane: number): number {
  return lanes[lane] ?? Number.NaN
}

/** Hands a value on; a uniform one to every lane. */
function assign(to: Lanes, from: Lanes): void {
  if (from.length === to.length) to.set(from)
  else to.fill(at(from, 0))
}

function atomicFunction(operator: AtomicOperator, scalar: ScalarType): (before: number, value: number) => number {
  return operator === 'exchange' ? (_before, value) => value : binaryFunction(operator, scalar)
}
