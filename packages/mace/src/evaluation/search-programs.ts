import { compile, neighborGraph, type NDArray, type NeighborGraphInputs, type Program } from '@equivar/engine'
import type { Runtime } from '../runtime.ts'
import type { BatchArrays } from './computation.ts'

/** A structure for a program that finds its edges. */
export interface SearchTree {
  readonly search: NeighborGraphInputs
  /** [P, S, 0]: room for so many pairs, and for so many edges to an atom. */
  readonly room: NDArray
  /** [N, 3], and [I, 3] what is added to differences for every image: Å in float64, or whole numbers of the unit. */
  readonly positions: NDArray
  readonly shifts: NDArray
  /** [1] Å, float32; none where positions are in Å. */
  readonly unit: readonly NDArray[]
  /** [N] int32 */
  readonly species: NDArray
  readonly atomicNumbers: NDArray
  /** [N, heads] */
  readonly headMask: NDArray
  readonly features: Readonly<Record<string, NDArray>>
}

/** What is computed beside the energies. */
export interface SearchWanted {
  readonly forces: boolean
  readonly virials: boolean
  readonly features: boolean
  readonly terms: boolean
}

export interface SearchArrays extends BatchArrays {
  readonly status: NDArray
  /** [N, 3] */
  readonly forces: readonly NDArray[]
  /** [N, 9], `Σ_{edges into i} v gᵀ`. */
  readonly virials: readonly NDArray[]
}

/** How much room a search needs. */
export interface Room {
  readonly numPairs: number
  readonly slots: number
}

/** Programs that find the edges of a structure, and the room that structures of so many atoms needed last. */
export class SearchPrograms {
  readonly rooms = new Map<number, Room>()
  readonly #runtime: Runtime
  readonly #programs = new Map<string, Program<[SearchTree], SearchArrays>>()
  #count: Program<[NeighborGraphInputs], NDArray> | undefined

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /** Counts edges, with room for next to none of them: the status of a search. */
  get count(): Program<[NeighborGraphInputs], NDArray> {
    return (this.#count ??= compile((search: NeighborGraphInputs) => neighborGraph(search, { numPairs: 1, slots: 4 }).status))
  }

  /** The program for what is wanted, made by `f` when it is first asked for. */
  for(wanted: SearchWanted, f: (tree: SearchTree) => SearchArrays): Program<[SearchTree], SearchArrays> {
    const { method, precision } = this.#runtime
    const key = [wanted.forces, wanted.virials, wanted.features, wanted.terms].join()
    let program = this.#programs.get(key)
    if (!program) this.#programs.set(key, (program = compile(f, { method, precision })))
    return program
  }

  dispose(): void {
    this.#count?.dispose()
    for (const program of this.#programs.values()) program.dispose()
    this.#programs.clear()
    this.rooms.clear()
  }
}
