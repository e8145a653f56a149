import { KernelError } from '../../errors.ts'

/** Memory on the host, as long as its elements are 32-bit or float64 numbers. */
export type HostMemory = Float32Array | Float64Array | Int32Array | Uint32Array

/** Who touches memory: a lane by its number, the program as one (`once`), or all lanes together. */
export const once = -1
export const allLanes = -2

/** What runs at the moment. Epochs are the stretches between barriers, numbered through all programs. */
export interface Moment {
  program: number
  epoch: number
}

/** More than one program. */
const several = -1

/** The last access of one kind to every element. Programs are counted from 1. */
class Trace {
  readonly programs: Int32Array
  readonly epochs: Int32Array
  readonly lanes: Int32Array

  constructor(length: number) {
    this.programs = new Int32Array(length)
    this.epochs = new Int32Array(length).fill(-1)
    this.lanes = new Int32Array(length)
  }

  note(element: number, lane: number, { program, epoch }: Moment): void {
    const before = this.programs[element] ?? 0
    this.programs[element] = before === 0 || before === program ? program : several
    if (this.epochs[element] === epoch && this.lanes[element] !== lane) this.lanes[element] = allLanes
    else this.lanes[element] = lane
    this.epochs[element] = epoch
  }

  /** Whether the access was another program's. */
  isForeign(element: number, { program }: Moment): boolean {
    const before = this.programs[element] ?? 0
    return before !== 0 && before !== program
  }

  /** Whether another lane did it and no barrier has been since. */
  isUnordered(element: number, lane: number, { epoch }: Moment): boolean {
    return this.epochs[element] === epoch && (this.lanes[element] !== lane || lane === allLanes)
  }
}

/** Memory whose accesses are checked: against its bounds, and, where asked for, against those of other lanes and programs. */
export class CheckedMemory {
  readonly name: string
  readonly data: HostMemory
  readonly #moment: Moment
  readonly #isOfProgram: boolean
  readonly #reads: Trace | undefined
  readonly #writes: Trace | undefined
  readonly #atomics: Trace | undefined

  constructor(name: string, data: HostMemory, moment: Moment, { isOfProgram, findsRaces }: { readonly isOfProgram: boolean; readonly findsRaces: boolean }) {
    this.name = name
    this.data = data
    this.#moment = moment
    this.#isOfProgram = isOfProgram
    if (!findsRaces) return
    this.#reads = new Trace(data.length)
    this.#writes = new Trace(data.length)
    this.#atomics = new Trace(data.length)
  }

  read(element: number, lane: number): number {
    const value = this.#at(element, 'read')
    this.#requireNoRace('read', element, lane, [this.#writes, this.#atomics])
    this.#reads?.note(element, lane, this.#moment)
    return value
  }

  write(element: number, value: number, lane: number): void {
    this.#at(element, 'written')
    this.#requireNoRace('written', element, lane, [this.#writes, this.#atomics, this.#reads])
    this.#writes?.note(element, lane, this.#moment)
    this.data[element] = value
  }

  /** An element that the same hand writes next. */
  peek(element: number): number {
    return this.#at(element, 'read')
  }

  /** Replaces an element at once; what was there before. */
  update(element: number, lane: number, replace: (before: number) => number): number {
    const before = this.#at(element, 'updated')
    this.#requireNoRace('updated', element, lane, [this.#writes, this.#reads])
    this.#atomics?.note(element, lane, this.#moment)
    this.data[element] = replace(before)
    return before
  }

  #at(element: number, done: string): number {
    const value = this.data[element]
    if (value === undefined) throw new KernelError(`element ${element} of '${this.name}' is ${done}, but there are ${this.data.length}`)
    return value
  }

  #requireNoRace(done: string, element: number, lane: number, others: readonly (Trace | undefined)[]): void {
    for (const trace of others) {
      if (!trace) continue
      const before = trace === this.#writes ? 'written' : trace === this.#reads ? 'read' : 'updated'
      if (!this.#isOfProgram && trace.isForeign(element, this.#moment))
        throw new KernelError(`race: element ${element} of '${this.name}' is ${done} here and was ${before} by another program; programs share memory through atomics only`)
      if (trace.isUnordered(element, lane, this.#moment))
        throw new KernelError(`race: element ${element} of '${this.name}' is ${done} by ${laneText(lane)} and was ${before} by ${laneText(trace.lanes[element] ?? 0)}; a barrier belongs between`)
    }
  }
}

function laneText(lane: number): string {
  if (lane === once) return 'the program'
  return lane === allLanes ? 'several lanes' : `lane ${lane}`
}
