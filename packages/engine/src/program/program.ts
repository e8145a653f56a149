import { DeviceError, DtypeError, InputError, InternalError, type BackendDevice } from '@equivar/core'
import { backendOf, requireDevice, type Device } from '../array/device.ts'
import type { DType } from '../array/dtype.ts'
import { describe, NDArray, storageOf } from '../array/ndarray.ts'
import { sameShape } from '../array/shape.ts'
import { kernelBackend } from '../compiled/execute.ts'
import { currentMethod, currentPrecision, isCheckingIndices, requireMethod, requirePrecision, type MethodChoice, type Precision } from '../compiled/modes.ts'
import { isRecording } from '../graph/mode.ts'
import { isTracing } from '../graph/tracing.ts'
import { Value, type AbstractValue } from '../graph/value.ts'
import { instanceOf } from './control-flow-instance.ts'
import { explanationOf, type ProgramExplanation } from './explain.ts'
import { maxSizes, probeSizes } from './expression.ts'
import { fuse } from './fuse.ts'
import { GenericProgram } from './generic.ts'
import type { ProgramGraph } from './graph.ts'
import type { Instance, InstanceMemory } from './instance.ts'
import { optimize } from './optimize.ts'
import { SharedArena } from './shared-arena.ts'
import { differOrdinarily, isOrdinary, shapesAt, sizeLayout, sizesOf, type Shapes, type SizeLayout } from './sizes.ts'
import { releaseGraph, trace } from './trace.ts'
import { collect, rebuild, structureOf, type Structure } from './tree.ts'
import { Difference } from './zip.ts'

export interface CompileOptions {
  /** Method of segmented polynomials that name none; default: the method that holds where `compile` is called. */
  readonly method?: MethodChoice
  /** How exactly matrices in float32 are multiplied. Default: the precision that holds where `compile` is called, see `withPrecision`. */
  readonly precision?: Precision
  /** Look at index arrays before kernels use them. Default: what holds where `compile` is called, see `withIndexChecks`. */
  readonly checkIndices?: boolean
  /** Numbers of sets of shapes that are kept ready. Default 8. */
  readonly keepShapes?: number
  /** Let element-wise primitives run together. Default true. */
  readonly fuse?: boolean
}

export interface ProgramStatistics extends InstanceMemory {
  /** Steps for the shapes of the last call, aliases not counted. */
  readonly steps: number
  readonly constants: number
  readonly constantBytes: number
  /** How often the function was run with abstract arrays. */
  readonly traces: number
  readonly calls: number
  /** Sets of shapes that are ready to run. */
  readonly shapes: number
  /** How new shapes are served: `'sizes'` without tracing, by sizes; `'traces'` by a trace each, for the reason given. */
  readonly newShapes: { readonly by: 'sizes'; readonly sizes: number } | { readonly by: 'traces'; readonly reason: string }
}

/** A size-generic program, and the shapes that it serves. */
interface Family {
  readonly layout: SizeLayout
  readonly generic: GenericProgram
  readonly structure: Structure
}

interface Traced {
  readonly graph: ProgramGraph
  /** Of the results. */
  readonly structure: Structure
}

/** Sets of shapes from which it is seen what varies. */
const rememberedShapes = 16

interface Ready {
  readonly shapes: Shapes
  readonly instance: Instance
  readonly structure: Structure
}

/** What a function computes, as steps on a device, for every set of shapes that it was called with. */
export class ProgramState {
  readonly #f: (...inputs: readonly unknown[]) => unknown
  readonly #method: MethodChoice
  readonly #precision: Precision
  readonly #checksIndices: boolean
  readonly #keepShapes: number
  readonly #fuses: boolean
  #signature: { readonly structure: Structure; readonly dtypes: readonly DType[]; readonly device: Device } | undefined
  /** Sets of shapes, the last used at the end. */
  readonly #ready: Ready[] = []
  readonly #seen: Shapes[] = []
  #families: Family[] = []
  #arena: SharedArena | undefined
  readonly #refused = new Set<string>()
  #refusal = 'only one set of shapes so far'
  #traces = 0
  #calls = 0
  #isDisposed = false

  constructor(f: (...inputs: readonly unknown[]) => unknown, options: CompileOptions) {
    const { method = currentMethod(), precision = currentPrecision(), checkIndices = isCheckingIndices(), keepShapes = 8, fuse: fuses = true } = options
    requireMethod('compile', method)
    requirePrecision('compile', precision)
    if (!(Number.isInteger(keepShapes) && keepShapes >= 1)) throw new InputError(`compile: keepShapes is ${keepShapes}; it must be a positive integer`)
    this.#f = f
    this.#method = method
    this.#precision = precision
    this.#checksIndices = checkIndices
    this.#keepShapes = keepShapes
    this.#fuses = fuses
  }

  run(inputs: readonly unknown[]): unknown {
    if (this.#isDisposed) throw new InputError('compile: the program was disposed; compile the function again')
    // Inside of another trace the function is part of it.
    if (isTracing()) return this.#f(...inputs)
    const arrays = this.#arraysOf(inputs)
    const storages = arrays.map((array) => storageOf(array.value))
    const ready = this.#readyFor(arrays)
    const { graph } = ready.instance
    const results = ready.instance.run(storages)
    this.#calls++
    const outputs = results.map((storage, k) => {
      const spec = graph.tensors[graph.outputs[k] ?? -1]
      if (!spec) throw new InputError('compile: a result without a shape')
      return new NDArray(new Value({ ...spec, device: graph.device }, storage, undefined, false))
    })
    return rebuild(ready.structure, outputs)
  }

  statistics(): ProgramStatistics {
    const last = this.#ready.at(-1)
    const constants = [...(last?.instance.graph.constants.values() ?? [])]
    const family = this.#families.at(-1)
    return {
      ...(last?.instance.memory ?? { kernels: 0, launches: 0, arenaBytes: 0, peakBytes: 0, intermediateBytes: 0 }),
      steps: last?.instance.graph.steps.length ?? 0,
      constants: constants.length,
      constantBytes: constants.reduce((sum, storage) => sum + storage.byteLength, 0),
      traces: this.#traces,
      calls: this.#calls,
      shapes: this.#ready.length,
      newShapes: family ? { by: 'sizes', sizes: family.layout.count } : { by: 'traces', reason: this.#refusal },
    }
  }

  async profile(): Promise<ProgramExplanation> {
    const instance = this.#ready.at(-1)?.instance
    return explanationOf((await instance?.profile?.()) ?? instance?.explain() ?? [])
  }

  explain(): ProgramExplanation {
    return explanationOf(this.#ready.at(-1)?.instance.explain() ?? [])
  }

  dispose(): void {
    this.#isDisposed = true
    this.#forget()
  }

  /** Gives back what was made ready. */
  #forget(): void {
    for (const { instance } of this.#ready) instance.dispose()
    this.#ready.length = 0
    for (const { generic } of this.#families) generic.dispose()
    this.#families = []
    this.#arena?.dispose()
    this.#arena = undefined
  }

  /** Inputs in the order of the tree, if they are such as those of the first call. */
  #arraysOf(inputs: readonly unknown[]): readonly NDArray[] {
    const arrays: NDArray[] = []
    if (this.#signature) collect('inputs', this.#signature.structure, inputs, arrays)
    const structure = this.#signature?.structure ?? structureOf('inputs', inputs, arrays)
    const device = this.#signature?.device ?? requireDevice('compile', arrays[0]?.device)
    for (let i = 0; i < arrays.length; i++) {
      const array = arrays[i]
      if (!array) continue
      const expected = this.#signature?.dtypes[i]
      if (expected !== undefined && array.dtype !== expected)
        throw new DtypeError(`compile: input ${i} is ${describe(array)}, but the program was traced with ${expected}; cast it, or compile another program`)
      if (array.device !== device) throw new DeviceError(`compile: input ${i}, ${describe(array)}, is on device '${array.device}', the program on '${device}'; move it with to()`)
      if (array.value.isAbstract) throw new InputError(`compile: input ${i}, ${describe(array)}, is abstract; a program runs on arrays with elements`)
      if (array.isTracked && isRecording())
        throw new InputError(`compile: input ${i}, ${describe(array)}, is tracked, but derivatives do not flow through a program; take them inside of it, or pass stopGradient(x)`)
    }
    this.#signature ??= { structure, dtypes: arrays.map(({ dtype }) => dtype), device }
    return arrays
  }

  #readyFor(arrays: readonly NDArray[]): Ready {
    // What was made on a device that was lost is made anew on the one that was opened in its place.
    if (this.#arena?.backend.lost && this.#signature && backendOf(this.#signature.device)) this.#forget()
    const last = this.#ready.at(-1)
    if (last && fits(last.shapes, arrays)) return last
    const at = this.#ready.findIndex(({ shapes }) => fits(shapes, arrays))
    const found = at >= 0 ? this.#ready.splice(at, 1)[0] : undefined
    const ready = found ?? this.#make(arrays.map(({ shape }) => shape))
    this.#ready.push(ready)
    while (this.#ready.length > this.#keepShapes) this.#ready.shift()?.instance.dispose()
    return ready
  }

  #make(shapes: Shapes): Ready {
    const { graph, structure } = this.#graphFor(shapes)
    try {
      const backend = this.#backend(graph.device)
      const options = { backend, checksIndices: this.#checksIndices, fuses: this.#fuses, precision: this.#precision }
      const instance = instanceOf(graph, options, backend && this.#arenaOn(backend))
      return { shapes, instance, structure }
    } catch (error) {
      releaseGraph(graph)
      throw error
    }
  }

  #arenaOn(backend: BackendDevice): SharedArena {
    if (this.#arena?.backend !== backend) {
      this.#arena?.dispose()
      this.#arena = new SharedArena(backend)
    }
    return this.#arena
  }

  #graphFor(shapes: Shapes): Traced {
    const bySizes = this.#seen.length > 0 ? this.#bySizes(shapes) : undefined
    if (this.#seen.length < rememberedShapes) this.#seen.push(shapes)
    return bySizes ?? this.#trace(shapes)
  }

  /** The program for other sizes than those it was traced with, if it is known how it depends on them. */
  #bySizes(shapes: Shapes): Traced | undefined {
    const family = this.#families.find(({ layout }) => sizesOf(layout, shapes)) ?? this.#newFamily(shapes)
    const sizes = family && sizesOf(family.layout, shapes)
    if (!family || !sizes || !sizes.every(isOrdinary)) return undefined
    const { generic, structure } = family
    let graph: ProgramGraph
    try {
      graph = generic.at(sizes)
    } catch (error) {
      this.#refusal = reasonOf(error)
      return undefined
    }
    if (generic.isVerified(sizes)) return { graph, structure }
    const traced = this.#trace(shapes)
    try {
      generic.verify(sizes, graph, traced.graph)
    } catch (error) {
      this.#refusal = reasonOf(error)
    } finally {
      releaseGraph(graph)
    }
    return traced
  }

  /** Traces with sizes that can be told from all other numbers. */
  #newFamily(shapes: Shapes): Family | undefined {
    const layout = sizeLayout([...this.#seen.filter((other) => differOrdinarily(other, shapes)), shapes])
    if (!layout || layout.count === 0 || layout.count > maxSizes) {
      if (!layout) this.#refusal = 'inputs have other numbers of axes'
      else if (layout.count > 0) this.#refusal = `${layout.count} sizes vary independently`
      return undefined
    }
    const key = JSON.stringify(layout)
    if (this.#refused.has(key)) return undefined
    try {
      const first = this.#trace(shapesAt(layout, probeSizes(layout.count, 0)))
      const second = this.#traceOr(shapesAt(layout, probeSizes(layout.count, 1)), first.graph)
      const generic = GenericProgram.of(layout.count, first.graph, second.graph)
      const family = { layout, generic, structure: first.structure }
      this.#compareWithReady(family)
      // What was known before is a special case of this one.
      for (const old of this.#families) old.generic.dispose()
      this.#families = [family]
      return family
    } catch (error) {
      this.#refusal = reasonOf(error)
      this.#refused.add(key)
      return undefined
    }
  }

  /** A trace at hand needs not be made again. */
  #compareWithReady({ layout, generic }: Family): void {
    for (const { shapes, instance } of this.#ready) {
      const sizes = sizesOf(layout, shapes)
      if (!sizes?.every(isOrdinary)) continue
      try {
        const graph = generic.at(sizes)
        try {
          generic.verify(sizes, graph, instance.graph)
        } finally {
          releaseGraph(graph)
        }
      } catch (error) {
        // A function that branches on sizes: they stay outside of what is trusted.
        reasonOf(error)
      }
    }
  }

  #trace(shapes: Shapes): Traced {
    const signature = this.#signature
    if (!signature) throw new InternalError('a program was traced before its inputs were seen')
    const { structure, dtypes, device } = signature
    const inputs = shapes.map((shape, i): AbstractValue => ({ shape, dtype: dtypes[i] ?? 'float32' }))
    this.#traces++
    const traced = trace({ f: this.#f, structure, inputs, device, method: this.#method, precision: this.#precision, isOuterRecording: isRecording() })
    try {
      const optimized = retained(optimize(traced.graph))
      const backend = this.#backend(device)
      return { graph: backend && this.#fuses ? fuse(optimized, backend.capabilities.maxBuffers) : optimized, structure: traced.structure }
    } finally {
      releaseGraph(traced.graph)
    }
  }

  /** A trace; if it fails, the other one is given back. */
  #traceOr(shapes: Shapes, other: ProgramGraph): Traced {
    try {
      return this.#trace(shapes)
    } catch (error) {
      releaseGraph(other)
      throw error
    }
  }

  #backend(device: Device): BackendDevice | undefined {
    return kernelBackend(device, this.#method === 'auto' ? undefined : this.#method)
  }
}

function fits(shapes: Shapes, arrays: readonly NDArray[]): boolean {
  for (let i = 0; i < arrays.length; i++) if (!sameShape(shapes[i] ?? [], arrays[i]?.shape ?? [])) return false
  return true
}

function retained(graph: ProgramGraph): ProgramGraph {
  for (const storage of graph.constants.values()) storage.retain()
  return graph
}

/** What a failed attempt says. What a function throws at sizes that nobody passed is not the caller's business. */
function reasonOf(error: unknown): string {
  if (error instanceof InternalError || !(error instanceof Error)) throw error
  return error instanceof Difference ? error.message : `at other sizes the function throws: ${error.message}`
}
