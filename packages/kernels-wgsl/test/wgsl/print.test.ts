import * as kernels from '@equivar/core/kernels'
import { conformanceCases, kernelProblemOf } from '@equivar/core/conformance'
import { printWgsl, separatePlaces } from '@equivar/kernels-wgsl'
import { describe, expect, it } from 'vitest'

/** A kernel of the conformance suite, where it is executed too. */
function example(name: string): kernels.Kernel {
  const found = conformanceCases('ci', 1).find((own) => own.name === `kernel/${name}`)
  if (found?.category !== 'kernel') throw new Error(`there is no case ${name}`)
  return kernelProblemOf(found).kernel
}

function print(kernel: kernels.Kernel, { subgroupSize = 32, isWritable = false }: { subgroupSize?: number; isWritable?: boolean } = {}) {
  return printWgsl(kernel, { subgroupSize, places: separatePlaces(kernel, () => isWritable) })
}

describe('text of kernels', () => {
  it.each([
    ['saxpy/100/64', 'saxpy', 32],
    ['softmax/64', 'softmax', 32],
    ['softmax/64', 'softmax-without-subgroups', 0],
    ['segmentSum/f32/8', 'segment-sum', 32],
    ['histogram/64', 'histogram', 32],
    ['matrixProduct/exact', 'matrix-product', 32],
    ['atomic/add/f32/1', 'atomic-add', 32],
  ])('%s is as in %s.wgsl, with %d invocations in step', async (name, file, subgroupSize) => {
    await expect(print(example(name), { subgroupSize }).code).toMatchFileSnapshot(`snapshots/${file}.wgsl`)
  })

  it('is the same for the same kernel', () => {
    const [first, second] = [example('softmax/64'), example('softmax/64')]
    expect(first).not.toBe(second)
    expect(print(first)).toEqual(print(second))
  })
})

describe('elements next to each other', () => {
  /** `y[lane, k] = x[lane, k] + k` for so many k of a row of so many elements. */
  const rows = (stride: number, count: number): kernels.Kernel => {
    const b = new kernels.KernelBuilder('rows', { lanes: 32 })
    const x = b.buffer('x', 'f32', 'read', { extent: b.gridExtent(0).times(32 * stride) })
    const y = b.buffer('y', 'f32', 'write', { extent: b.gridExtent(0).times(32 * stride) })
    const start = b.programId().mul(32).add(b.lane()).mul(stride)
    for (let k = 0; k < count; k++) y.store(start.add(k), x.load(start.add(k)).add(k))
    return b.build()
  }

  it('are read and written as vectors where they are aligned', () => {
    const { code } = print(rows(8, 8))
    expect(code).toMatch(/b0: array<vec4<f32>>.*\n.*b1: array<vec4<f32>>/)
    expect(code.match(/= b0\[/g)).toHaveLength(2)
    expect(code.match(/b1\[[^\]]*\] = vec4<f32>\(/g)).toHaveLength(2)
    expect(print(rows(6, 6)).code).toMatch(/b1: array<vec2<f32>>/)
    expect(print(rows(5, 5)).code).not.toContain('vec4<f32>')
  })

  it('are left single where other lanes might write another part of the vector, and where the buffer ends in one', () => {
    const b = new kernels.KernelBuilder('mixed', { lanes: 32 })
    const y = b.buffer('y', 'f32', 'write', { extent: 256 })
    for (let k = 0; k < 4; k++) y.store(b.lane().mul(4).add(k), k)
    y.store(b.lane().add(128), 1)
    expect(print(b.build()).code).toContain('b0: array<f32>')
    const places = separatePlaces(rows(8, 8), () => false).map((place) => ({ ...place, isWhole: false }))
    expect(printWgsl(rows(8, 8), { subgroupSize: 32, places }).code).not.toContain('vec4<f32>')
  })
})

describe('how programs lie in workgroups', () => {
  it('puts programs of few lanes together, and leaves those alone whose lanes wait', () => {
    expect(print(example('saxpy/33/4')).programs).toBe(16)
    expect(print(example('histogram/4')).programs).toBe(1)
    expect(print(example('softmax/4')).programs).toBe(1)
    expect(print(example('softmax/4'), { subgroupSize: 4 }).programs).toBe(16)
  })

  it('declares as written what a launch may write', () => {
    const kernel = example('saxpy/33/4')
    expect(print(kernel).code).toContain('@binding(1) var<storage, read> b0')
    expect(print(kernel, { isWritable: true }).code).toContain('@binding(1) var<storage, read_write> b0')
  })

  it('hands a value through workgroup memory where lanes wait and WGSL cannot know that they go together', () => {
    const b = new kernels.KernelBuilder('waiting', { lanes: 64 })
    const ends = b.buffer('ends', 'i32', 'read')
    const shared = b.shared('s', 'f32', 64)
    b.loop(0, ends.load(b.programId()).convert('index'), {}, (k) => {
      shared.storeLanes(0, k.convert('f32'))
      b.barrier()
    })
    const kernel = b.build()
    expect(print(kernel).code).not.toContain('workgroupUniformLoad')
    expect(print(kernel, { isWritable: true }).code).toContain('workgroupUniformLoad')
  })
})

describe('numbers', () => {
  it('are written so that no constant expression is refused', () => {
    const b = new kernels.KernelBuilder('numbers', { lanes: 1 })
    const out = b.buffer('out', 'f32', 'write')
    const words = b.buffer('words', 'i32', 'write')
    for (const [k, value] of [Number.NaN, Infinity, -Infinity, -0, 1e-38, 16777216].map((own) => Math.fround(own)).entries()) out.store(k, b.constant('f32', value))
    words.store(0, b.constant('i32', -(2 ** 31)))
    const { code } = print(b.build())
    for (const text of ['from_bits(0x7fc00000u)', 'from_bits(0x7f800000u)', 'from_bits(0xff800000u)', '(-0f)', '16777216f', 'i32(-2147483647 - 1)']) expect(code).toContain(text)
  })
})
