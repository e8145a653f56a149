import { DeviceError } from '../errors.ts'
import { evaluateAffine } from '../kernels/affine.ts'
import { isExact } from '../kernels/arithmetic.ts'
import type { Affine, Kernel, StorageType } from '../kernels/index.ts'
import type { Binding, Capabilities, Launch } from './contract.ts'

/** Bytes of an element in memory. */
export const bytesPerElement: { readonly [S in StorageType]: number } = { f32: 4, f64: 8, i32: 4, u32: 4 }

/** A launch that fits its kernel. */
export interface CheckedLaunch {
  /** Product of the grid's extents; with 0 nothing runs. */
  readonly numPrograms: number
  /** As the kernel gets them: those of type `f32` rounded. */
  readonly parameters: readonly number[]
}

/**
 * Whether a kernel can run on a device, before anything is made for it.
 *
 * @throws {DeviceError} that says what the device lacks.
 */
export function checkKernel(device: string, { floats, maxLanes, maxSharedBytes, maxBuffers, floatAtomics }: Capabilities, kernel: Kernel): void {
  const refuse = (reason: string) => new DeviceError(`device '${device}': kernel '${kernel.name}' ${reason}`)
  const scalars = new Set([...kernel.types, ...kernel.buffers, ...kernel.shared, ...kernel.parameters].map(({ scalar }) => scalar))
  for (const scalar of ['f32', 'f64'] as const)
    if (scalars.has(scalar) && !floats.includes(scalar)) throw refuse(`computes in ${scalar}, but the device has ${floats.join(', ')} only; use another dtype or device`)
  if (kernel.lanes > maxLanes) throw refuse(`has ${kernel.lanes} lanes, but the device allows ${maxLanes}`)
  if (kernel.buffers.length > maxBuffers) throw refuse(`has ${kernel.buffers.length} buffers, but the device allows ${maxBuffers}`)
  const shared = kernel.shared.reduce((sum, { scalar, length }) => sum + length * bytesPerElement[scalar], 0)
  if (shared > maxSharedBytes) throw refuse(`shares ${shared} bytes in a program, but the device allows ${maxSharedBytes}`)
  if (!floatAtomics && usesFloatAtomics(kernel)) throw refuse('uses atomics on floating-point memory, which the device has not; sum by runs of sorted rows instead')
}

/**
 * Whether counts, numbers, parts of memory and sizes of a launch fit its kernel. What a device adds of its own: that executable
 * and memory are the device's, and alive.
 *
 * @param device name, for messages.
 * @param alignment of bindings, in bytes.
 * @throws {DeviceError} naming the kernel, what is wrong, and what is needed.
 */
export function checkLaunch(device: string, alignment: number, { executable: { kernel }, grid, parameters, buffers }: Launch): CheckedLaunch {
  const refuse = (reason: string) => new DeviceError(`device '${device}': kernel '${kernel.name}': ${reason}`)
  if (grid.length !== kernel.gridRank) throw refuse(`the grid has ${kernel.gridRank} axes, but ${grid.length} extents are given`)
  if (parameters.length !== kernel.parameters.length) throw refuse(`there are ${kernel.parameters.length} parameters, but ${parameters.length} numbers are given`)
  if (buffers.length !== kernel.buffers.length) throw refuse(`there are ${kernel.buffers.length} buffers, but ${buffers.length} bindings are given`)

  let numPrograms = 1
  for (const extent of grid) {
    if (!Number.isSafeInteger(extent) || extent < 0) throw refuse(`an extent of the grid is ${extent}, but must be a non-negative integer`)
    numPrograms *= extent
  }
  if (!Number.isSafeInteger(numPrograms)) throw refuse(`a grid of ${grid.join(' × ')} programs is too large`)

  const numbers = kernel.parameters.map(({ name, scalar }, k) => {
    const given = parameters[k] ?? Number.NaN
    const number = scalar === 'f32' ? Math.fround(given) : given
    if (!isExact(scalar, number)) throw refuse(`parameter '${name}' is ${number}, which is no ${scalar}`)
    if (scalar === 'index' && number < 0) throw refuse(`parameter '${name}' is ${number}, but an index given at launch is never negative`)
    return number
  })
  for (const [k, { name, scalar, extent }] of kernel.buffers.entries()) {
    const binding = buffers[k]
    if (!binding) throw refuse(`buffer '${name}' has no binding`)
    checkBinding(device, alignment, binding, `kernel '${kernel.name}': buffer '${name}'`)
    const bytes = bytesPerElement[scalar]
    if (binding.byteLength % bytes !== 0) throw refuse(`buffer '${name}' has ${binding.byteLength} bytes, which are no whole elements of ${scalar}`)
    const needed = extent ? evaluateExtent(extent, numbers, grid) : 0
    if (binding.byteLength < needed * bytes) throw refuse(`buffer '${name}' has ${binding.byteLength / bytes} elements, but this launch needs ${needed}`)
  }
  const overlap = findOverlap(kernel, buffers)
  if (overlap) throw refuse(`buffers '${overlap[0]}' and '${overlap[1]}' overlap, but one of them is written; give each memory of its own`)
  return { numPrograms, parameters: numbers }
}

/** Largest number of programs of a launch, and largest `index` given to one: what 32 bits with a sign hold. */
const maxIndex = 2 ** 31 - 1

/**
 * For devices whose `index` has 32 bits.
 *
 * @throws {DeviceError} if a number of the launch does not fit.
 */
export function checkWidth(device: string, { executable: { kernel }, grid }: Launch, { numPrograms, parameters }: CheckedLaunch): void {
  const refuse = (what: string, value: number) =>
    new DeviceError(`device '${device}': kernel '${kernel.name}': ${what} is ${value}, but at most ${maxIndex} is possible here; split the work into smaller batches`)
  if (numPrograms > maxIndex) throw refuse(`a grid of ${grid.join(' × ')} programs`, numPrograms)
  for (const [k, { name, scalar }] of kernel.parameters.entries()) {
    const value = parameters[k] ?? 0
    if (scalar === 'index' && value > maxIndex) throw refuse(`parameter '${name}'`, value)
  }
}

/**
 * Whether a binding is a part of its memory.
 *
 * @param what names the binding in messages.
 * @throws {DeviceError}
 */
export function checkBinding(device: string, alignment: number, { memory, byteOffset, byteLength }: Binding, what = 'binding'): void {
  const refuse = (reason: string) => new DeviceError(`device '${device}': ${what} ${reason}`)
  if (!Number.isSafeInteger(byteOffset) || byteOffset < 0) throw refuse(`begins at byte ${byteOffset}, but an offset must be a non-negative integer`)
  if (!Number.isSafeInteger(byteLength) || byteLength < 0) throw refuse(`has ${byteLength} bytes, but a length must be a non-negative integer`)
  if (byteOffset % alignment !== 0) throw refuse(`begins at byte ${byteOffset}, but offsets must be multiples of ${alignment}`)
  if (byteOffset + byteLength > memory.byteLength) throw refuse(`ends at byte ${byteOffset + byteLength}, but its memory has ${memory.byteLength}`)
}

/**
 * Whether all of `source` can be copied to the beginning of `target`.
 *
 * @throws {DeviceError}
 */
export function checkCopy(device: string, alignment: number, target: Binding, source: Binding): void {
  checkBinding(device, alignment, target)
  checkBinding(device, alignment, source)
  if (source.byteLength > target.byteLength)
    throw new DeviceError(`device '${device}': ${source.byteLength} bytes are copied to a binding of ${target.byteLength}; make it large enough`)
  if (source.memory === target.memory) throw new DeviceError(`device '${device}': a copy goes to the memory that it comes from; take other memory`)
}

/** @throws {DeviceError} unless the number is one that memory can have. */
export function checkByteLength(device: string, byteLength: number, maxBufferBytes: number): void {
  if (!Number.isSafeInteger(byteLength) || byteLength < 0) throw new DeviceError(`device '${device}': memory of ${byteLength} bytes is asked for, but a size must be a non-negative integer`)
  if (byteLength > maxBufferBytes)
    throw new DeviceError(`device '${device}': memory of ${byteLength} bytes is asked for, but the largest buffer has ${maxBufferBytes}; split the work into smaller batches`)
}

function evaluateExtent(extent: Affine, parameters: readonly number[], grid: readonly number[]): number {
  return evaluateAffine(extent, ({ symbol, slot }) => (symbol === 'grid' ? grid[slot] : parameters[slot]) ?? 0)
}

/** Names of two buffers that share bytes although one of them is written. */
function findOverlap(kernel: Kernel, bindings: readonly Binding[]): readonly [string, string] | null {
  for (const [k, own] of kernel.buffers.entries()) {
    const a = bindings[k]
    if (!a || own.access === 'read') continue
    for (const [other, b] of bindings.entries())
      if (other !== k && a.memory === b.memory && a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength)
        return [own.name, kernel.buffers[other]?.name ?? '']
  }
  return null
}

function usesFloatAtomics({ body, types, buffers, shared }: Kernel): boolean {
  const isFound = (block: Kernel['body']): boolean =>
    block.some((instruction) => {
      if (instruction.op === 'loop') return isFound(instruction.body)
      if (instruction.op === 'branch') return isFound(instruction.then) || isFound(instruction.otherwise)
      return instruction.op === 'atomic' && types[instruction.value]?.scalar.startsWith('f') === true
    })
  return buffers.length + shared.length > 0 && isFound(body)
}
