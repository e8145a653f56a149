import type { Backend, BackendDevice, Binding, Launch } from '../../backend/index.ts'
import { KernelBuilder } from '../../kernels/index.ts'

/** What a tested backend can do on purpose, so that failures can be tried; all optional. */
export interface FailureHooks {
  /** The same backend with so little memory that 64 MiB are too much. */
  readonly littleMemory?: Backend
  /** Makes the device unusable, as a driver that is reset or a worker that dies. */
  readonly lose?: (device: BackendDevice) => void | Promise<void>
}

/** What a case of the contract works with. */
export interface ContractContext {
  /** Open; what a case allocates it releases. */
  readonly device: BackendDevice
  /** For cases that close a device, where the backend is known. */
  readonly backend: Backend | null
  readonly hooks: FailureHooks
}

/** A rule: throws a sentence if it is broken, returns why it cannot be tried. */
export type Rule = (context: ContractContext) => Promise<Skip | undefined>

/** A case that cannot be tried here. */
export class Skip {
  readonly reason: string

  constructor(reason: string) {
    this.reason = reason
  }
}

/** @throws {Error} with a sentence if a condition does not hold. */
export function require(condition: boolean, sentence: string): void {
  if (!condition) throw new Error(sentence)
}

/** What an action throws. @throws {Error} if it throws nothing. */
export function errorOf(what: string, act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  throw new Error(`${what} was not refused`)
}

export const words = (...values: number[]) => Int32Array.from(values)

export const equal = (a: readonly number[], b: readonly number[]) => a.length === b.length && a.every((value, k) => value === b[k])

/** @throws {Error} unless words are those that are expected. */
export function requireWords(what: string, got: readonly number[], expected: readonly number[]): void {
  require(equal(got, expected), `${what}: got ${got.join(', ')} instead of ${expected.join(', ')}`)
}

/** A binding of new memory, all of it. */
export function allocate(device: BackendDevice, byteLength: number): Binding {
  return { memory: device.allocate(byteLength), byteOffset: 0, byteLength }
}

/** Runs with so many words of memory each, and releases them. */
export async function withMemory<T>(device: BackendDevice, lengths: readonly number[], run: (...bindings: Binding[]) => T | Promise<T>): Promise<T> {
  const bindings = lengths.map((length) => allocate(device, 4 * length))
  try {
    return await run(...bindings)
  } finally {
    for (const { memory } of bindings) memory.release()
  }
}

export async function readWords(device: BackendDevice, source: Binding): Promise<number[]> {
  return [...new Int32Array(await device.read(source))]
}

/** `y[i] = factor · y[i] + x[i]` on words, which shows in which order things were done. */
const updateKernel = (() => {
  const lanes = 8
  const b = new KernelBuilder('update', { lanes })
  const [n, factor] = [b.parameter('n', 'index'), b.parameter('factor', 'i32')]
  const extent = b.extentOf(n)
  const [x, y] = [b.buffer('x', 'i32', 'read', { extent }), b.buffer('y', 'i32', 'readWrite', { extent })]
  const base = b.programId().mul(lanes)
  const active = n.sub(base)
  y.storeLanes(base, y.loadLanes(base, { active }).mul(factor).add(x.loadLanes(base, { active })), { active })
  return b.build()
})()

export function update(device: BackendDevice, x: Binding, y: Binding, factor: number): Launch {
  const n = Math.min(x.byteLength, y.byteLength) / 4
  return { executable: device.compile(updateKernel), grid: [Math.ceil(n / 8)], parameters: [n, factor], buffers: [x, y] }
}

/** A kernel that takes a while: `y[p] = Σ_{k < n} (k mod 7)`, one program after another. */
export const slowKernel = (() => {
  const b = new KernelBuilder('slow', { lanes: 1 })
  const n = b.parameter('n', 'index')
  const y = b.buffer('y', 'i32', 'write', { extent: b.gridExtent(0) })
  const [sum] = b.loop(0, n, { carry: [b.constant('i32', 0)] }, (k, [total]) => [total.add(k.rem(7).convert('i32'))])
  y.store(b.programId(), sum)
  return b.build()
})()
