import { KernelError } from '@equivar/core'
import * as kernels from '@equivar/core/kernels'
import { describe, expect, it } from 'vitest'
import loadWabt from 'wabt'
import { argumentLayout, emit, sharedBytes, supportsRelaxedSimd } from '../../src/wasm/index.ts'
import { requireCompilable } from '../../src/wasm/limits.ts'
import { convolution, gather, histogram, matrixProduct, saxpy, scan, segmentSum, softmax } from './kernels.ts'

const examples = [saxpy(8), softmax(13), segmentSum(3, 5), convolution(20, 8, 'f32'), convolution(20, 1, 'f64'), gather(4), matrixProduct('exact'), scan(), histogram(4)]
const features = { simd: true, threads: true, relaxed_simd: true, sat_float_to_int: true, mutable_globals: true }

describe('modules', () => {
  it('are WebAssembly, says another reader of it', async () => {
    const wabt = await loadWabt()
    for (const kernel of examples)
      for (const sharedMemory of [false, true])
        for (const relaxedMultiplyAdd of [false, true]) {
          const bytes = emit(kernel, { relaxedMultiplyAdd, sharedMemory, maxPages: 65_536 })
          const module = wabt.readWasm(bytes, features)
          // Its declaration does not say that it takes features, too.
          const reader: { validate(features: object): void } = module
          reader.validate(features)
          expect(module.toText({})).toContain('(export "run"')
          module.destroy()
          if (!relaxedMultiplyAdd) expect(WebAssembly.validate(bytes)).toBe(true)
        }
  })

  it('multiply and add in one instruction where the host can, if they may', () => {
    expect(supportsRelaxedSimd()).toBe(WebAssembly.validate(emit(saxpy(4), { relaxedMultiplyAdd: true, sharedMemory: false, maxPages: 1 })))
  })

  it('are the same bytes for the same kernel', () => {
    const options = { relaxedMultiplyAdd: true, sharedMemory: true, maxPages: 100 }
    expect(emit(convolution(20, 8, 'f32'), options)).toEqual(emit(convolution(20, 8, 'f32'), options))
  })

  it('hold constant places as offsets in instructions, and in loops only what changes there', async () => {
    const b = new kernels.KernelBuilder('offsets', { lanes: 4 })
    const [n, x, y] = [b.parameter('n', 'index'), b.buffer('x', 'f32', 'read'), b.buffer('y', 'f32', 'write')]
    const zero = kernels.varying(b.constant('f32', 0))
    const [sum] = b.loop(0, n, { carry: [zero] }, (i, [total]) => [[1, 2, 3].reduce((all, k) => all.add(x.loadLanes(i.mul(8).add(k)).mul(2)), total)])
    y.storeLanes(0, sum)
    const wabt = await loadWabt()
    const text = wabt.readWasm(emit(b.build(), { relaxedMultiplyAdd: false, sharedMemory: false, maxPages: 1 }), features).toText({})
    const start = text.lastIndexOf('loop')
    const inner = text.slice(start, text.indexOf('br_if', start))
    expect([...inner.matchAll(/v128\.load offset=(\d+)/g)].map(([, offset]) => offset)).toEqual(['4', '8', '12'])
    expect(inner).not.toContain('splat')
  })

  it('are made of kernels that keep the rules', () => {
    const broken: kernels.Kernel = { ...saxpy(4), lanes: 0 }
    expect(() => emit(broken, { relaxedMultiplyAdd: false, sharedMemory: false, maxPages: 1 })).toThrow(KernelError)
  })

  it('are refused where no host would compile them', () => {
    expect(() => requireCompilable('huge', 7_654_322)).toThrow("kernel 'huge' takes 7654322 bytes of WebAssembly, but hosts compile 7654321 at most; split it")
    expect(() => requireCompilable('large', 7_654_321)).not.toThrow()
  })
})

describe('the argument block', () => {
  it('holds grid, parameters, buffers and shared memory at aligned places', () => {
    const b = new kernels.KernelBuilder('block', { lanes: 1, gridRank: 2 })
    const [wide, count] = [b.parameter('wide', 'f64'), b.parameter('count', 'index')]
    const [out, own] = [b.buffer('out', 'f64', 'write'), b.shared('own', 'f32', 3)]
    own.store(0, 1)
    out.store(count, wide)
    const kernel = b.build()
    expect(argumentLayout(kernel)).toEqual({ byteLength: 32, gridOffsets: [0, 4], parameterOffsets: [8, 16], bufferOffsets: [20], sharedOffset: 24 })
    expect(sharedBytes(kernel)).toBe(80)
    expect(sharedBytes(saxpy(4))).toBe(0)
  })
})
