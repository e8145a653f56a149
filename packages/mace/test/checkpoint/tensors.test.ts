import { FormatError } from '@equivar/core'
import { describe, expect, it } from 'vitest'
import { symmetrizeCoupling } from '../../src/checkpoint/coupling.ts'
import { readModelFile, readStateDict } from '../../src/checkpoint/index.ts'
import type { Coupling, NamedTensor } from '../../src/definition.ts'
import { ModelFile } from '../hostile/model-file.ts'
import { Random } from '../hostile/mutations.ts'
import { opcode, pickle, tensor } from '../../../files/test/support/pickle-writer.ts'
import { fixture } from './files.ts'

type Options = NonNullable<Parameters<typeof tensor>[0]>

function readTensor(options: Options, storage: ArrayBufferView): NamedTensor | undefined {
  const data = new Uint8Array(storage.buffer, storage.byteOffset, storage.byteLength)
  const file = ModelFile.of({ 'data.pkl': pickle(opcode.dict(opcode.text('t'), tensor(options))), 'data/0': data })
  return readStateDict(file.bytes()).get('t')
}

describe('tensors of torch archives', () => {
  const numbers = Float64Array.from({ length: 24 }, (_, k) => k)
  const numel = opcode.int(24)

  it('arrive in row-major order whatever their offset and strides are', () => {
    expect(readTensor({ numel, shape: [2, 3], strides: [3, 1], offset: 4 }, numbers)?.data).toEqual(Float64Array.of(4, 5, 6, 7, 8, 9))
    expect(readTensor({ numel, shape: [3, 2], strides: [1, 3], offset: 0 }, numbers)?.data).toEqual(Float64Array.of(0, 3, 1, 4, 2, 5))
    expect(readTensor({ numel, shape: [2, 2, 2], strides: [1, 12, 4], offset: 1 }, numbers)?.data).toEqual(Float64Array.of(1, 5, 13, 17, 2, 6, 14, 18))
    expect(readTensor({ numel, shape: [3], strides: [0], offset: 5 }, numbers)?.data).toEqual(Float64Array.of(5, 5, 5))
    expect(readTensor({ numel, shape: [], strides: [], offset: 23 }, numbers)).toEqual({ dtype: 'float64', shape: [], data: Float64Array.of(23) })
    expect(readTensor({ numel, shape: [0, 5], strides: [5, 1], offset: 24 }, numbers)?.data).toHaveLength(0)
  })

  it('agree with element-wise indexing for random views', () => {
    const random = new Random(3)
    for (let k = 0; k < 50; k++) {
      const shape = [1 + random.below(3), 1 + random.below(3), 1 + random.below(2)]
      const strides = [random.below(4), random.below(4), random.below(4)]
      const offset = random.below(3)
      const expected: number[] = []
      for (let a = 0; a < (shape[0] ?? 0); a++)
        for (let b = 0; b < (shape[1] ?? 0); b++)
          for (let c = 0; c < (shape[2] ?? 0); c++) expected.push(offset + a * (strides[0] ?? 0) + b * (strides[1] ?? 0) + c * (strides[2] ?? 0))
      expect([...(readTensor({ numel, shape, strides, offset }, numbers)?.data ?? [])]).toEqual(expected)
    }
  })

  it('of every storage type are widened or narrowed', () => {
    const four = (storage: string) => ({ storage, numel: opcode.int(4), shape: [4], strides: [1] })
    expect(readTensor(four('FloatStorage'), Float32Array.of(1, -2, 0.5, 3))).toEqual({ dtype: 'float32', shape: [4], data: Float32Array.of(1, -2, 0.5, 3) })
    // 1, −2, the smallest subnormal, 65504
    expect(readTensor(four('HalfStorage'), Uint16Array.of(0x3c00, 0xc000, 1, 0x7bff))?.data).toEqual(Float32Array.of(1, -2, 2 ** -24, 65504))
    expect(readTensor(four('HalfStorage'), Uint16Array.of(0x7c00, 0xfc00, 0x7e00, 0x8000))?.data).toEqual(Float32Array.of(Infinity, -Infinity, NaN, -0))
    expect(readTensor(four('BFloat16Storage'), Uint16Array.of(0x3f80, 0xc000, 0x4049, 0))?.data).toEqual(Float32Array.of(1, -2, 3.140625, 0))
    expect(readTensor(four('LongStorage'), BigInt64Array.of(1n, -1n, 2147483647n, -2147483648n))).toEqual({ dtype: 'int32', shape: [4], data: Int32Array.of(1, -1, 2147483647, -2147483648) })
    expect(readTensor(four('ShortStorage'), Int16Array.of(1, -1, 32767, 0))?.data).toEqual(Int32Array.of(1, -1, 32767, 0))
    expect(readTensor(four('CharStorage'), Int8Array.of(1, -1, 127, 0))?.data).toEqual(Int32Array.of(1, -1, 127, 0))
    expect(readTensor(four('ByteStorage'), Uint8Array.of(1, 255, 127, 0))?.data).toEqual(Int32Array.of(1, 255, 127, 0))
    expect(readTensor(four('BoolStorage'), Uint8Array.of(1, 0, 0, 1))).toEqual({ dtype: 'bool', shape: [4], data: Uint8Array.of(1, 0, 0, 1) })
    expect(() => readTensor(four('BoolStorage'), Uint8Array.of(1, 2, 0, 1))).toThrow(/2 is not a bool/)
    expect(() => readTensor(four('LongStorage'), BigInt64Array.of(1n, 2n ** 31n, 0n, 0n))).toThrow(/2147483648 does not fit into 32 bits/)
  })

  it('may repeat the elements of their storage', () => {
    expect(readTensor({ numel: opcode.int(2), shape: [2, 3], strides: [1, 0] }, Float64Array.of(5, 7))?.data).toEqual(Float64Array.of(5, 5, 5, 7, 7, 7))
  })

  it('that share a storage cannot multiply without end', () => {
    const big = new Float64Array(100_000)
    const view = tensor({ numel: opcode.int(big.length), shape: [99_999], strides: [1] })
    const entries = Array.from({ length: 40 }, (_, k) => [opcode.text(`t${k}`), view]).flat()
    const file = ModelFile.of({ 'data.pkl': pickle(opcode.dict(...entries)), 'data/0': new Uint8Array(big.buffer) })
    expect(() => readStateDict(file.bytes())).toThrow(/many times more elements than the file/)
  })
})

describe('state dicts of modules', () => {
  it('end where modules contain themselves', () => {
    const state = (modules: Uint8Array) => opcode.dict(opcode.text('_parameters'), opcode.dict(), opcode.text('_buffers'), opcode.dict(), opcode.text('_modules'), modules)
    const again = Uint8Array.of(0x68, 0)
    const root = [opcode.global('mace.modules.models', 'MACE'), Uint8Array.of(0x29, 0x81, 0x71, 0), state(opcode.dict(opcode.text('a'), again, opcode.text('b'), again)), Uint8Array.of(0x62)]
    const file = ModelFile.of({ 'data.pkl': pickle(...root) })
    expect(() => readStateDict(file.bytes())).toThrow(/modules deep/)
  })
})

/** Σ U[m, a…, η] W[η] x[a] … by plain loops over all elements. */
function contractDense({ shape, data }: NamedTensor, degree: number, weights: readonly number[], x: readonly number[]): number[] {
  const numPaths = shape.at(-1) ?? 0
  const block = x.length ** degree * numPaths
  const out = new Array<number>(data.length / block).fill(0)
  for (let k = 0; k < data.length; k++) {
    let term = (data[k] ?? 0) * (weights[k % numPaths] ?? 0)
    for (let n = 0, rest = Math.floor((k % block) / numPaths); n < degree; n++, rest = Math.floor(rest / x.length)) term *= x[rest % x.length] ?? 0
    const m = Math.floor(k / block)
    out[m] = (out[m] ?? 0) + term
  }
  return out
}

function contractSparse({ degree, numComponents, indices, values }: Coupling, weights: readonly number[], x: readonly number[]): number[] {
  const out = new Array<number>(numComponents).fill(0)
  values.forEach((value, entry) => {
    const row = [...indices.subarray(entry * (degree + 2), (entry + 1) * (degree + 2))]
    const [m = 0, path = 0] = [row[0], row.at(-1)]
    out[m] = (out[m] ?? 0) + row.slice(1, -1).reduce((product, a) => product * (x[a] ?? 0), value * (weights[path] ?? 0))
  })
  return out
}

describe('symmetrised couplings', () => {
  const random = new Random(11)
  const uniform = () => random.below(2 ** 30) / 2 ** 29 - 1

  it.each(['correlation_3.model', 'correlation_4_l1.model', 'reduced_cg.model', 'residual_parity_l2.model', 'so3_scalars.model', 'float32.model'])(
    '%s: contract with any features to what U itself gives',
    (name) => {
      const { couplings, architecture } = readModelFile(fixture(name))
      const state = readStateDict(fixture(name))
      for (const [t, layer] of couplings.entries())
        for (const [k, block] of layer.entries())
          for (const coupling of block) {
            const tensor = state.get(`products.${t}.symmetric_contractions.contractions.${k}.U_matrix_${coupling.degree}`)
            if (!tensor) throw new Error('no U')
            const axes = tensor.shape.length - (coupling.numComponents > 1 ? 1 : 0)
            expect(axes).toBe(coupling.degree + 1)
            const x = Array.from({ length: tensor.shape.at(-2) ?? 0 }, uniform)
            const weights = Array.from({ length: coupling.numPaths }, uniform)
            const expected = contractDense(tensor, coupling.degree, weights, x)
            const tolerance = architecture.dtype === 'float64' ? 1e-13 : 1e-6
            contractSparse(coupling, weights, x).forEach((value, m) => expect(Math.abs(value - (expected[m] ?? NaN))).toBeLessThan(tolerance))
          }
    },
  )

  it('drop what cancels under permutations', () => {
    const antisymmetric: NamedTensor = { dtype: 'float64', shape: [2, 2, 1], data: Float64Array.of(0, 1, -1, 0) }
    expect(symmetrizeCoupling(antisymmetric, 2, 1, 2, 'U').values).toHaveLength(0)
    const mixed: NamedTensor = { dtype: 'float64', shape: [2, 2, 1], data: Float64Array.of(1, 2, 3, 4) }
    expect(symmetrizeCoupling(mixed, 2, 1, 2, 'U')).toEqual({
      degree: 2, numComponents: 1, numPaths: 1, indices: Int32Array.of(0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 1, 0), values: Float64Array.of(1, 5, 4),
    })
    expect(() => symmetrizeCoupling(mixed, 2, 3, 2, 'U')).toThrow(FormatError)
  })
})
