import type { Binding } from '../../backend/index.ts'
import { DeviceError } from '../../errors.ts'
import { KernelBuilder } from '../../kernels/index.ts'
import { require, type Rule, Skip } from './context.ts'

/** `y[to + lane] = 2 · y[from + lane]`, and `y[to + lanes] = 3 · y[from]`. */
const farKernel = (() => {
  const lanes = 8
  const b = new KernelBuilder('far', { lanes })
  const [n, from, to] = [b.parameter('n', 'index'), b.parameter('from', 'index'), b.parameter('to', 'index')]
  const y = b.buffer('y', 'i32', 'readWrite', { extent: b.extentOf(n) })
  const [values, first] = [y.loadLanes(from), y.load(from)]
  y.storeLanes(to, values.mul(2))
  y.store(to.add(lanes), first.mul(3))
  return b.build()
})()

/** Rules that take gigabytes, or long: those of tier `full`. */
export const farRules: Readonly<Record<string, Rule>> = {
  'bytes beyond 2^31 are reached': async ({ device }) => {
    const byteLength = 2 ** 31 + 2 ** 16
    const { maxBufferBytes, maxBindingBytes = maxBufferBytes } = device.capabilities
    if (Math.min(maxBufferBytes, maxBindingBytes) < byteLength) return new Skip('buffers are too small')
    let memory
    try {
      memory = device.allocate(byteLength)
    } catch (error) {
      if (error instanceof DeviceError) return new Skip('there is not so much memory')
      throw error
    }
    try {
      const part = (element: number, length: number): Binding => ({ memory, byteOffset: 4 * element, byteLength: 4 * length })
      const executable = device.compile(farKernel)
      const [near, middle, far] = [64, 2 ** 29 - 4, byteLength / 4 - 64]
      device.write(part(far, 8), Int32Array.of(1, 2, 3, 4, 5, 6, 7, 8))
      // Those in the middle lie on both sides.
      for (const [from, to] of [[far, middle], [middle, near]] as const)
        device.enqueue({ executable, grid: [1], parameters: [byteLength / 4, from, to], buffers: [part(0, byteLength / 4)] })
      const words = async (source: Binding) => [...new Int32Array(await device.read(source))].join()
      const [got, kept] = [await words(part(near, 9)), await words(part(far, 8))]
      require(got === '4,8,12,16,20,24,28,32,6', `near: got ${got}`)
      require(kept === '1,2,3,4,5,6,7,8', `far: got ${kept}`)
    } finally {
      memory.release()
    }
    return undefined
  },
}
