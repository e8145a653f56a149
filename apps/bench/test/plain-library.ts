import type { TensorLibrary } from '../src/peers/tensor-library.ts'

export interface PlainTensor {
  readonly shape: readonly number[]
  readonly data: Float64Array
}

const sizeOf = (shape: readonly number[]) => shape.reduce((product, extent) => product * extent, 1)

function table(rows: number, width: number, f: (row: number, column: number) => number | undefined): PlainTensor {
  return { shape: [rows, width], data: Float64Array.from({ length: rows * width }, (_, n) => f(Math.floor(n / width), n % width) ?? Number.NaN) }
}

/** `f(a, b)` where an extent of b may be one. */
function broadcast(f: (x: number, y: number) => number): (a: PlainTensor, b: PlainTensor) => PlainTensor {
  return (a, b) => {
    const shape = a.shape.map((extent, axis) => Math.max(extent, b.shape[axis] ?? 1))
    const at = (x: PlainTensor, index: number) => {
      let [rest, stride, offset] = [index, 1, 0]
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        const [extent = 1, own = 1] = [shape[axis], x.shape[axis]]
        offset += (own === 1 ? 0 : rest % extent) * stride
        stride *= own
        rest = Math.floor(rest / extent)
      }
      return x.data[offset] ?? Number.NaN
    }
    return { shape, data: Float64Array.from({ length: sizeOf(shape) }, (_, n) => f(at(a, n), at(b, n))) }
  }
}

/** The operations as loops: what the expressions are tested with. */
export const plainLibrary: TensorLibrary<PlainTensor> = {
  constant: (data, shape) => ({ shape, data: Float64Array.from(data) }),
  columns({ shape: [rows = 0, width = 0], data }, first, end) {
    const part = end - first
    return table(rows, part, (row, column) => data[row * width + first + column])
  },
  reshape: ({ data }, shape) => ({ shape, data }),
  matmul(a, b) {
    const [m = 0, k = 0] = a.shape.slice(-2)
    const [n = 0] = b.shape.slice(-1)
    const batch = sizeOf(a.shape.slice(0, -2))
    const data = new Float64Array(batch * m * n)
    for (let p = 0; p < batch; p++)
      for (let i = 0; i < m; i++)
        for (let l = 0; l < k; l++)
          for (let j = 0; j < n; j++) {
            const right = b.shape.length > 2 ? p * k * n : 0
            const to = (p * m + i) * n + j
            data[to] = (data[to] ?? 0) + (a.data[(p * m + i) * k + l] ?? 0) * (b.data[right + l * n + j] ?? 0)
          }
    return { shape: [...a.shape.slice(0, -1), n], data }
  },
  add: broadcast((x, y) => x + y),
  sub: broadcast((x, y) => x - y),
  mul: broadcast((x, y) => x * y),
  div: broadcast((x, y) => x / y),
  sqrt: ({ shape, data }) => ({ shape, data: data.map((x) => Math.sqrt(x)) }),
  takeRows({ shape: [, width = 0], data }, indices) {
    return table(indices.length, width, (row, column) => data[(indices[row] ?? 0) * width + column])
  },
  sumRows({ shape: [, width = 0], data }, indices, rows) {
    const sums = new Float64Array(rows * width)
    data.forEach((value, n) => {
      const to = (indices[Math.floor(n / width)] ?? 0) * width + (n % width)
      sums[to] = (sums[to] ?? 0) + value
    })
    return { shape: [rows, width], data: sums }
  },
  concatenate(parts) {
    const [rows = 0] = parts[0]?.shape ?? []
    const columns = parts.flatMap(({ data, shape: [, width = 0] }) => Array.from({ length: width }, (_, column) => ({ data, width, column })))
    return table(rows, columns.length, (row, k) => {
      const { data, width, column } = columns[k] ?? { width: 0, column: 0 }
      return data?.[row * width + column]
    })
  },
}
