import { InputError } from '../../errors.ts'
import { evaluateAffine } from '../affine.ts'
import { isExact } from '../arithmetic.ts'
import type { AffineTerm, Kernel, KernelBuffer, StorageType } from '../ir.ts'
import type { HostMemory } from './memory.ts'

/** What a kernel is run with. */
export interface Launch {
  /** Number of programs along every axis of the grid. */
  readonly grid: readonly number[]
  /** A number for every parameter; for `f32` it is rounded. */
  readonly parameters?: Readonly<Record<string, number>>
  /** Memory for every buffer; what the kernel writes is written into it. */
  readonly buffers?: Readonly<Record<string, HostMemory>>
}

/** A launch that fits its kernel, by position. */
export interface CheckedLaunch {
  readonly grid: readonly number[]
  readonly parameters: readonly number[]
  readonly buffers: readonly HostMemory[]
}

const arrayOf = { f32: Float32Array, f64: Float64Array, i32: Int32Array, u32: Uint32Array } as const satisfies Record<StorageType, unknown>

/** Memory of one program. */
export function newHostMemory(scalar: StorageType, length: number): HostMemory {
  return new arrayOf[scalar](length)
}

/** @throws {InputError} if something is missing, unknown, of another type, too short, or overlaps what is written. */
export function checkLaunch(kernel: Kernel, { grid, parameters = {}, buffers = {} }: Launch): CheckedLaunch {
  const where = `kernel '${kernel.name}'`
  if (grid.length !== kernel.gridRank) throw new InputError(`${where}: the grid has ${kernel.gridRank} axes, but ${grid.length} extents are given`)
  for (const extent of grid) if (!Number.isSafeInteger(extent) || extent < 0) throw new InputError(`${where}: an extent of the grid is ${extent}, but must be a non-negative integer`)
  requireNames(`${where}: parameters`, Object.keys(parameters), kernel.parameters)
  requireNames(`${where}: buffers`, Object.keys(buffers), kernel.buffers)

  const numbers = kernel.parameters.map(({ name, scalar }) => {
    const given = parameters[name] ?? Number.NaN
    const value = scalar === 'f32' && Number.isFinite(Math.fround(given)) ? Math.fround(given) : given
    if (!isExact(scalar, value)) throw new InputError(`${where}: parameter '${name}' is ${value}, which is no ${scalar}`)
    if (scalar === 'index' && value < 0) throw new InputError(`${where}: parameter '${name}' is ${value}, but an index given at launch is never negative`)
    return value
  })
  const valueOf = ({ symbol, slot }: AffineTerm) => (symbol === 'grid' ? grid[slot] : numbers[slot]) ?? 0
  const memories = kernel.buffers.map((buffer) => {
    const memory = buffers[buffer.name]
    if (!(memory instanceof arrayOf[buffer.scalar])) throw new InputError(`${where}: buffer '${buffer.name}' holds ${buffer.scalar} and needs a ${arrayOf[buffer.scalar].name}`)
    requireExtent(where, buffer, memory, valueOf)
    return memory
  })
  requireDisjoint(where, kernel.buffers, memories)
  return { grid, parameters: numbers, buffers: memories }
}

function requireNames(where: string, given: readonly string[], declared: readonly { readonly name: string }[]): void {
  const names = declared.map(({ name }) => name)
  const missing = names.filter((name) => !given.includes(name))
  const unknown = given.filter((name) => !names.includes(name))
  if (missing.length > 0 || unknown.length > 0)
    throw new InputError(`${where}: ${missing.length > 0 ? `missing ${missing.join(', ')}` : `unknown ${unknown.join(', ')}`}; there are ${names.join(', ') || 'none'}`)
}

function requireExtent(where: string, { name, extent, below }: KernelBuffer, memory: HostMemory, valueOf: (term: AffineTerm) => number): void {
  const needed = extent ? evaluateAffine(extent, valueOf) : 0
  if (memory.length < needed) throw new InputError(`${where}: buffer '${name}' has ${memory.length} elements, but this launch needs ${needed}`)
  if (!below) return
  const limit = evaluateAffine(below, valueOf)
  // What lies behind the declared extent is none of the kernel's business.
  const position = memory.subarray(0, extent ? needed : memory.length).findIndex((element: number) => element < 0 || element >= limit)
  if (position >= 0) throw new InputError(`${where}: element ${position} of buffer '${name}' is ${memory[position] ?? 0}, but all must lie in 0 … ${limit - 1}`)
}

function requireDisjoint(where: string, buffers: readonly KernelBuffer[], memories: readonly HostMemory[]): void {
  const spans = memories.map((memory, k) => ({
    name: buffers[k]?.name ?? '',
    isWritten: buffers[k]?.access !== 'read',
    bytes: memory.buffer,
    start: memory.byteOffset,
    end: memory.byteOffset + memory.byteLength,
  }))
  for (const [k, a] of spans.entries())
    for (const b of spans.slice(k + 1))
      if ((a.isWritten || b.isWritten) && a.bytes === b.bytes && a.start < b.end && b.start < a.end)
        throw new InputError(`${where}: buffers '${a.name}' and '${b.name}' overlap, but one of them is written`)
}
