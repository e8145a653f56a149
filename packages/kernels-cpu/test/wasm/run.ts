import * as kernels from '@equivar/core/kernels'
import { argumentLayout, emit, sharedBytes } from '../../src/wasm/index.ts'

export interface RunOptions {
  readonly relaxedMultiplyAdd?: boolean
  readonly sharedMemory?: boolean
}

const pageBytes = 65_536
const maxPages = 1024
/** What may be read behind a buffer. */
const slack = 64

/** Runs a kernel as WebAssembly with what `interpret` would be given: copies buffers in, and back. */
function runEmitted(kernel: kernels.Kernel, launch: kernels.Launch, { relaxedMultiplyAdd = false, sharedMemory = false }: RunOptions = {}): void {
  const layout = argumentLayout(kernel)
  const { grid, parameters = {}, buffers = {} } = launch
  let end = 1024
  const take = (bytes: number): number => {
    const address = end
    end = Math.ceil((end + bytes + slack) / 16) * 16
    return address
  }
  const args = take(layout.byteLength)
  const arrays = kernel.buffers.map(({ name }) => {
    const data = buffers[name]
    if (!data) throw new Error(`no buffer ${name}`)
    return { data, address: take(data.byteLength) }
  })
  const shared = take(sharedBytes(kernel))
  const memory = new WebAssembly.Memory({ initial: Math.ceil(end / pageBytes), maximum: maxPages, shared: sharedMemory })
  const bytes = new Uint8Array(memory.buffer)
  // What is not written must not be zero by luck.
  bytes.fill(0xff)
  const view = new DataView(memory.buffer)
  grid.forEach((extent, axis) => view.setInt32(args + (layout.gridOffsets[axis] ?? 0), extent, true))
  kernel.parameters.forEach(({ name, scalar }, k) => {
    const at = args + (layout.parameterOffsets[k] ?? 0)
    const value = parameters[name] ?? Number.NaN
    if (scalar === 'f32') view.setFloat32(at, value, true)
    else if (scalar === 'f64') view.setFloat64(at, value, true)
    else view.setInt32(at, value, true)
  })
  arrays.forEach(({ data, address }, k) => {
    view.setUint32(args + (layout.bufferOffsets[k] ?? 0), address, true)
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), address)
  })
  view.setUint32(args + layout.sharedOffset, shared, true)

  const code = emit(kernel, { relaxedMultiplyAdd, sharedMemory, maxPages })
  const { run } = new WebAssembly.Instance(new WebAssembly.Module(code), { env: { memory } }).exports as {
    readonly run: (args: number, first: number, last: number) => void
  }
  const programs = grid.reduce((product, extent) => product * extent, 1)
  // In two parts, as threads would.
  const middle = Math.floor(programs / 3)
  run(args, 0, middle)
  run(args, middle, programs)

  for (const { data, address } of arrays) {
    const result = new Uint8Array(memory.buffer, address, data.byteLength)
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength).set(result)
  }
  const guard = arrays.some(({ data, address }) => new Uint8Array(memory.buffer, address + data.byteLength, slack).some((byte) => byte !== 0xff))
  if (guard) throw new Error(`kernel '${kernel.name}' wrote behind a buffer`)
}

export interface BothResults {
  readonly expected: Readonly<Record<string, readonly number[]>>
  readonly found: Readonly<Record<string, readonly number[]>>
}

/** The buffers after the interpreter and after the module, bit for bit as integers. */
export function bothResults(kernel: kernels.Kernel, launch: kernels.Launch, options: RunOptions = {}): BothResults {
  const copy = (): kernels.Launch => ({
    ...launch,
    buffers: Object.fromEntries(Object.entries(launch.buffers ?? {}).map(([name, data]) => [name, data.slice()])),
  })
  const [left, right] = [copy(), copy()]
  kernels.interpret(kernel, left, { fma: options.relaxedMultiplyAdd ? 'fused' : 'separate' })
  runEmitted(kernel, right, options)
  return { expected: bitsOf(left), found: bitsOf(right) }
}

/** Bits of all buffers; every NaN is one. */
function bitsOf({ buffers = {} }: kernels.Launch): Record<string, readonly number[]> {
  return Object.fromEntries(
    Object.entries(buffers).map(([name, data]) => {
      const canonical = data.map((x: number) => (Number.isNaN(x) ? Number.NaN : x))
      return [name, [...new Uint32Array(canonical.buffer, canonical.byteOffset, canonical.byteLength / 4)]]
    }),
  )
}
