import type { Expression } from './expressions.ts'
import type { Runner, TensorLibrary } from './tensor-library.ts'

/** What is used of an array of jax-js; an operation consumes its arrays, `ref` keeps one. */
interface JaxArray {
  readonly ref: JaxArray
  slice(...ranges: readonly (readonly [number, number] | readonly [])[]): JaxArray
  reshape(shape: readonly number[]): JaxArray
  data(): Promise<Float32Array>
  blockUntilReady(): Promise<JaxArray>
  dispose(): void
}

/** What is used of `@jax-js/jax`. */
export interface JaxModule {
  init(...devices: readonly string[]): Promise<readonly string[]>
  defaultDevice(device: string): string
  jit(f: (...inputs: readonly JaxArray[]) => JaxArray): (...inputs: readonly JaxArray[]) => JaxArray
  readonly numpy: {
    array(data: Float32Array | Int32Array, options: { readonly shape: readonly number[] }): JaxArray
    matmul(a: JaxArray, b: JaxArray): JaxArray
    add(a: JaxArray, b: JaxArray): JaxArray
    subtract(a: JaxArray, b: JaxArray): JaxArray
    multiply(a: JaxArray, b: JaxArray): JaxArray
    divide(a: JaxArray, b: JaxArray): JaxArray
    sqrt(x: JaxArray): JaxArray
    take(x: JaxArray, indices: JaxArray, axis: number): JaxArray
    concatenate(parts: readonly JaxArray[], axis: number): JaxArray
  }
}

function libraryOf({ numpy }: JaxModule): TensorLibrary<JaxArray> {
  const constant = (data: Float32Array | Float64Array | Int32Array, shape: readonly number[]) => numpy.array(Float32Array.from(data), { shape })
  return {
    constant,
    columns: (x, first, end) => x.ref.slice([], [first, end]),
    reshape: (x, shape) => x.ref.reshape([...shape]),
    matmul: (a, b) => numpy.matmul(a.ref, b.ref),
    add: (a, b) => numpy.add(a.ref, b.ref),
    sub: (a, b) => numpy.subtract(a.ref, b.ref),
    mul: (a, b) => numpy.multiply(a.ref, b.ref),
    div: (a, b) => numpy.divide(a.ref, b.ref),
    sqrt: (x) => numpy.sqrt(x.ref),
    takeRows: (x, indices) => numpy.take(x.ref, numpy.array(indices, { shape: [indices.length] }), 0),
    // There is no sum into rows: a product with the matrix that says which edge belongs to which row.
    sumRows(x, indices, rows) {
      const incidence = new Float32Array(rows * indices.length)
      indices.forEach((row, edge) => (incidence[row * indices.length + edge] = 1))
      return numpy.matmul(constant(incidence, [rows, indices.length]), x.ref)
    },
    concatenate: (parts) => numpy.concatenate(parts.map((part) => part.ref), 1),
  }
}

/** An expression as a compiled function of jax-js on its fastest device here. */
export async function jaxRunner(module: JaxModule, expression: Expression): Promise<Runner> {
  const available = await module.init()
  const device = ['webgpu', 'wasm', 'cpu'].find((name) => available.includes(name))
  if (device === undefined) throw new Error('jax-js has no device here')
  module.defaultDevice(device)
  const inputs = expression.inputs.map(({ data, shape }) => module.numpy.array(Float32Array.from(data), { shape }))
  const library = libraryOf(module)
  const f = module.jit((...arrays) => expression.apply(library, arrays))
  const run = () => f(...inputs.map((x) => x.ref))
  return {
    name: `jax-js ${device}`,
    async run() {
      const y = run()
      await y.blockUntilReady()
      y.dispose()
    },
    // Reading consumes the array.
    output: () => run().data(),
    async dispose() {
      for (const x of inputs) x.dispose()
    },
  }
}
