import type { Expression } from './expressions.ts'
import type { Runner, TensorLibrary } from './tensor-library.ts'

/** Writes messages of protocol buffers: what little of them a model in ONNX needs. */
class Message {
  readonly #bytes: number[] = []

  get bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes)
  }

  int(field: number, value: number): this {
    this.#varint(field << 3)
    // int64: negative numbers have ten bytes.
    let rest = BigInt.asUintN(64, BigInt(value))
    while (rest >= 128n) {
      this.#bytes.push(Number(rest & 127n) | 128)
      rest >>= 7n
    }
    this.#bytes.push(Number(rest))
    return this
  }

  data(field: number, value: Uint8Array): this {
    this.#varint((field << 3) | 2)
    this.#varint(value.length)
    for (const byte of value) this.#bytes.push(byte)
    return this
  }

  text(field: number, value: string): this {
    return this.data(field, new TextEncoder().encode(value))
  }

  message(field: number, value: Message): this {
    return this.data(field, value.bytes)
  }

  #varint(value: number): void {
    let rest = value
    while (rest >= 128) {
      this.#bytes.push((rest & 127) | 128)
      rest >>>= 7
    }
    this.#bytes.push(rest)
  }
}

const elementTypes = { float: 1, int64: 7 } as const
const [irVersion, opset] = [9, 18]

type Attribute = readonly [name: string, value: number | string]

/** A graph of ONNX operators; tensors are their names. */
class OnnxGraph implements TensorLibrary<string> {
  readonly #nodes: Message[] = []
  readonly #initializers: Message[] = []
  #count = 0

  constant(data: Float32Array | Float64Array | Int32Array, shape: readonly number[]): string {
    return this.#initializer(new Uint8Array(Float32Array.from(data).buffer), shape, elementTypes.float)
  }

  columns(x: string, first: number, end: number): string {
    return this.#node('Slice', [x, this.#integers([first]), this.#integers([end]), this.#integers([1])])
  }

  reshape(x: string, shape: readonly number[]): string {
    return this.#node('Reshape', [x, this.#integers(shape)])
  }

  readonly matmul = (a: string, b: string) => this.#node('MatMul', [a, b])
  readonly add = (a: string, b: string) => this.#node('Add', [a, b])
  readonly sub = (a: string, b: string) => this.#node('Sub', [a, b])
  readonly mul = (a: string, b: string) => this.#node('Mul', [a, b])
  readonly div = (a: string, b: string) => this.#node('Div', [a, b])
  readonly sqrt = (x: string) => this.#node('Sqrt', [x])

  takeRows(x: string, indices: Int32Array): string {
    return this.#node('Gather', [x, this.#integers(indices)], [['axis', 0]])
  }

  sumRows(x: string, indices: Int32Array, rows: number): string {
    // Zeros of the right width without knowing it: the first rows of a product with nothing.
    const zeros = this.mul(this.takeRows(x, new Int32Array(rows)), this.constant(Float32Array.of(0), [1, 1]))
    return this.#node('ScatterND', [zeros, this.#integers(indices, [indices.length, 1]), x], [['reduction', 'add']])
  }

  concatenate(parts: readonly string[]): string {
    return this.#node('Concat', parts, [['axis', 1]])
  }

  /** The bytes of a model with one output. */
  model(inputs: Expression['inputs'], output: string): Uint8Array {
    const graph = new Message()
    for (const node of this.#nodes) graph.message(1, node)
    graph.text(2, 'case')
    for (const initializer of this.#initializers) graph.message(5, initializer)
    for (const { name, shape } of inputs) graph.message(11, valueInfo(name, shape))
    graph.message(12, valueInfo(output, null))
    return new Message().int(1, irVersion).message(7, graph).message(8, new Message().text(1, '').int(2, opset)).bytes
  }

  #integers(values: ArrayLike<number>, shape: readonly number[] = [values.length]): string {
    return this.#initializer(new Uint8Array(BigInt64Array.from(Array.from(values, BigInt)).buffer), shape, elementTypes.int64)
  }

  #initializer(data: Uint8Array, shape: readonly number[], type: number): string {
    const name = `c${this.#count++}`
    const tensor = new Message()
    for (const extent of shape) tensor.int(1, extent)
    this.#initializers.push(tensor.int(2, type).text(8, name).data(9, data))
    return name
  }

  #node(operator: string, inputs: readonly string[], attributes: readonly Attribute[] = []): string {
    const output = `t${this.#count++}`
    const node = new Message()
    for (const input of inputs) node.text(1, input)
    node.text(2, output).text(4, operator)
    for (const [name, value] of attributes) {
      const attribute = new Message().text(1, name)
      node.message(5, typeof value === 'number' ? attribute.int(3, value).int(20, 2) : attribute.text(4, value).int(20, 3))
    }
    this.#nodes.push(node)
    return output
  }
}

function valueInfo(name: string, shape: readonly number[] | null): Message {
  const dimensions = new Message()
  for (const extent of shape ?? []) dimensions.message(1, new Message().int(1, extent))
  const tensor = new Message().int(1, elementTypes.float)
  if (shape) tensor.message(2, dimensions)
  return new Message().text(1, name).message(2, new Message().message(1, tensor))
}

/** An expression as a model in the format of ONNX, and the name of its output. */
export function onnxModel(expression: Expression): { readonly bytes: Uint8Array; readonly output: string } {
  const graph = new OnnxGraph()
  const output = expression.apply(graph, expression.inputs.map(({ name }) => name))
  return { bytes: graph.model(expression.inputs, output), output }
}

interface OnnxTensor {
  readonly data: Float32Array
  dispose?(): void
}

interface OnnxSession {
  run(feeds: Readonly<Record<string, OnnxTensor>>): Promise<Readonly<Record<string, OnnxTensor>>>
  release(): Promise<void>
}

/** What is used of `onnxruntime-node` and `onnxruntime-web`. */
export interface OnnxModule {
  readonly env: { readonly wasm: { numThreads?: number } }
  readonly InferenceSession: { create(model: Uint8Array, options: Readonly<Record<string, unknown>>): Promise<OnnxSession> }
  readonly Tensor: new (type: 'float32', data: Float32Array, shape: readonly number[]) => OnnxTensor
}

/** An expression as a session of one of the packages of ONNX Runtime. */
export async function onnxRunner(module: OnnxModule, name: string, threads: number, expression: Expression): Promise<Runner> {
  const { bytes, output } = onnxModel(expression)
  const isWeb = name === 'onnxruntime-web'
  if (isWeb) module.env.wasm.numThreads = threads
  const options = { intraOpNumThreads: threads, interOpNumThreads: 1, executionProviders: [isWeb ? 'wasm' : 'cpu'] }
  const session = await module.InferenceSession.create(bytes, options)
  const feeds = Object.fromEntries(expression.inputs.map(({ name: input, data, shape }) => [input, new module.Tensor('float32', Float32Array.from(data), [...shape])]))
  const run = async () => {
    const found = (await session.run(feeds))[output]
    if (!found) throw new Error(`${name} gave no output`)
    return found
  }
  return {
    name,
    async run() {
      const result = await run()
      result.dispose?.()
    },
    output: async () => (await run()).data,
    dispose: () => session.release(),
  }
}
