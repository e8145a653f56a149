import { kernels } from '@equivar/core'
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
