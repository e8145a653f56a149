import { describe, expect, test } from 'vitest'
import { channelwiseTensorProduct } from '../../src/descriptors/index.ts'
import { Irreps } from '../../src/irreps/index.ts'
import { interpret, kernelFromJson, kernelKey, kernelToJson } from '../../src/kernels/index.ts'
import { HostArray } from '../../src/math/host-array.ts'
import { convolution, histogram, matrixProduct, saxpy, scan, segmentSum, softmax } from '../../src/conformance/kernels/examples.ts'

/** Numbers that look like nothing in particular. */
const wave = (length: number, phase = 0) => Float64Array.from({ length }, (_, k) => Math.sin(0.7 * (k + 1) + phase))

/** `max |a − b| / max |b|`. */
function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [most, largest] = [0, 0]
  for (let k = 0; k < b.length; k++) {
    most = Math.max(most, Math.abs((a[k] ?? 0) - (b[k] ?? 0)))
    largest = Math.max(largest, Math.abs(b[k] ?? 0))
  }
  return most / largest
}

describe('kernels of the engine, by hand', () => {
  test.each([0, 1, 7, 8, 9, 33])('saxpy of %i elements', (n) => {
    const [x, y] = [Float32Array.from(wave(n)), Float32Array.from(wave(n, 1))]
    const expected = y.map((value, k) => Math.fround(Math.fround((x[k] ?? 0) * Math.fround(0.3)) + value))
    interpret(saxpy(8), { grid: [Math.ceil(n / 8)], parameters: { n, alpha: 0.3 }, buffers: { x, y } })
    expect(y).toEqual(expected)
  })

  test.each([1, 4, 16, 64])('softmax of rows with %i lanes', (lanes) => {
    const [rows, columns] = [3, 37]
    const x = Float32Array.from(wave(rows * columns), (value) => 20 * value)
    const y = new Float32Array(x.length)
    interpret(softmax(lanes), { grid: [rows], buffers: { x, y } })
    for (let r = 0; r < rows; r++) {
      const row = Array.from(x.subarray(r * columns, (r + 1) * columns), (value) => Math.exp(value - 20))
      const sum = row.reduce((total, value) => total + value, 0)
      expect(distance(y.subarray(r * columns, (r + 1) * columns), row.map((value) => value / sum))).toBeLessThan(1e-6)
    }
  })

  test('sums over runs of edges, some of them empty', () => {
    const [channels, starts] = [5, Int32Array.of(0, 3, 3, 4, 9)]
    const x = wave(9 * channels)
    const y = new Float64Array(4 * channels)
    interpret(segmentSum(4, channels, 'f64'), { grid: [4, 2], parameters: { numEdges: 9 }, buffers: { starts, x, y } })
    const expected = new Float64Array(y.length)
    for (let r = 0; r < 4; r++)
      for (let e = starts[r] ?? 0; e < (starts[r + 1] ?? 0); e++)
        for (let c = 0; c < channels; c++) expected[r * channels + c] = (expected[r * channels + c] ?? 0) + (x[e * channels + c] ?? 0)
    expect(y).toEqual(expected)
  })

  test.each([['f64', 1e-14], ['f32', 1e-6]] as const)('a fused convolution in %s', (scalar, tolerance) => {
    const channels = 5
    const { polynomial } = channelwiseTensorProduct(new Irreps('O3', '5x0e + 5x1o'), new Irreps('O3', '0e + 1o + 2e'), new Irreps('O3', '0e + 1o + 2e'))
    const [starts, senders] = [Int32Array.of(0, 2, 2, 6), Int32Array.of(1, 2, 0, 1, 1, 3)]
    const [numReceivers, numNodes, numEdges] = [3, 4, senders.length]
    const [weightSize = 0, featureSize = 0, harmonicSize = 0] = polynomial.inputs.map(({ size }) => size)
    const [w, x, y] = [wave(numEdges * weightSize), wave(numNodes * featureSize, 1), wave(numEdges * harmonicSize, 2)]

    const gathered = Array.from(senders, (sender) => [...x.subarray(sender * featureSize, (sender + 1) * featureSize)]).flat()
    const features = HostArray.from(gathered, [numEdges, featureSize])
    const [messages] = polynomial.evaluate(new HostArray([numEdges, weightSize], w), features, new HostArray([numEdges, harmonicSize], y))
    const size = polynomial.outputs[0]?.size ?? 0
    const expected = new Float64Array(numReceivers * size)
    for (let r = 0; r < numReceivers; r++)
      for (let e = starts[r] ?? 0; e < (starts[r + 1] ?? 0); e++)
        for (let k = 0; k < size; k++) expected[r * size + k] = (expected[r * size + k] ?? 0) + (messages?.get(e, k) ?? 0)

    const host = scalar === 'f64' ? Float64Array : Float32Array
    const out = new host(expected.length)
    const kernel = convolution(polynomial, channels, 4, scalar)
    const buffers = { starts, senders, w: host.from(w), x: host.from(x), y: host.from(y), out }
    const launch = { grid: [numReceivers, 2], parameters: { numEdges, numNodes }, buffers }
    interpret(kernel, launch)
    expect(size).toBeGreaterThan(100)
    expect(distance(out, expected)).toBeLessThan(tolerance)

    const again = new host(expected.length)
    const restored = kernelFromJson(JSON.parse(JSON.stringify(kernelToJson(kernel))))
    interpret(restored, { ...launch, buffers: { ...launch.buffers, out: again } })
    expect(again).toEqual(out)
    expect(kernelKey(restored)).toBe(kernelKey(kernel))
  })

  test.each([['exact', 0, 1e-6], ['split', 0, 1e-6], ['tf32', 1e-5, 1e-3]] as const)('a matrix product in tiles, %s', (precision, least, most) => {
    const n = 12
    const [left, right, result] = [Float32Array.from(wave(n * n)), Float32Array.from(wave(n * n, 1)), new Float32Array(n * n)]
    interpret(matrixProduct(precision), { grid: [3, 3], parameters: { n }, buffers: { left, right, result } })
    const expected = Float64Array.from({ length: n * n }, (_, at) => {
      let sum = 0
      for (let k = 0; k < n; k++) sum += (left[Math.floor(at / n) * n + k] ?? 0) * (right[k * n + (at % n)] ?? 0)
      return sum
    })
    const error = distance(result, expected)
    expect(error).toBeLessThan(most)
    expect(error).toBeGreaterThanOrEqual(least)
  })

  test('inclusive sums within a program', () => {
    const x = Uint32Array.from({ length: 24 }, (_, k) => (k * 7) % 11)
    const expected = x.map((_, k) => x.subarray(k - (k % 8), k + 1).reduce((sum, value) => sum + value, 0))
    interpret(scan(), { grid: [3], buffers: { x } })
    expect(x).toEqual(expected)
  })

  test.each([1, 4, 16])('a histogram with %i lanes', (lanes) => {
    const x = Uint32Array.from({ length: 45 }, (_, k) => (k * k) % 8)
    const counts = new Uint32Array(8)
    interpret(histogram(lanes), { grid: [Math.ceil(45 / lanes)], parameters: { n: 45 }, buffers: { x, counts } })
    expect(counts).toEqual(counts.map((_, bin) => x.filter((value) => value === bin).length))
  })
})
