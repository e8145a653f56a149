import * as kernels from '@equivar/core/kernels'
import { describe, expect, it } from 'vitest'
import { printPtx, withMinBlocks } from '../../src/ptx/index.ts'

/** `y[base + lane] = α · x[base + lane] + Σ of the program's first four c`. */
function example(lanes: number): kernels.Kernel {
  const b = new kernels.KernelBuilder('example', { lanes })
  const [n, alpha] = [b.parameter('n', 'index'), b.parameter('alpha', 'f32')]
  const extent = b.extentOf(n)
  const [x, y] = [b.buffer('x', 'f32', 'read', { extent }), b.buffer('y', 'f32', 'write', { extent })]
  const c = b.buffer('c', 'f32', 'read', { extent: b.gridExtent(0).times(4) })
  const [base, first] = [b.programId().mul(lanes), b.programId().mul(4)]
  const active = n.sub(base)
  const sum = [1, 2, 3].reduce((total, k) => total.add(c.load(first.add(k))), c.load(first))
  y.storeLanes(base, x.loadLanes(base, { active }).fma(alpha, sum), { active })
  return b.build()
}

describe('PTX', () => {
  it('of a small kernel is this', () => {
    const { text, shape } = printPtx(example(32), 32)
    expect(shape).toEqual({ threads: 32, programs: 4, sharedBytes: 0, sharedOffsets: [] })
    expect(text).toMatchSnapshot()
  })

  it('addresses with 64 bits where asked for', () => {
    const { text } = printPtx(example(32), 64)
    expect(text).toContain('mad.lo.s64')
  })

  it('loads consecutive elements at once where they are aligned', () => {
    expect(printPtx(example(64), 32).text).toMatch(/ld\.global\.nc\.v4\.f32 \{%f\d+, %f\d+, %f\d+, %f\d+\}/)
  })

  it.each([
    [1, 1, 128],
    [3, 4, 32],
    [32, 32, 4],
    [33, 64, 1],
    [128, 128, 1],
    [1000, 1024, 1],
  ])('makes %i lanes %i threads, %i programs a block', (lanes, threads, programs) => {
    expect(printPtx(example(lanes), 32).shape).toMatchObject({ threads, programs })
  })

  it('is the same for the same kernel', () => {
    expect(printPtx(example(5), 32).text).toBe(printPtx(example(5), 32).text)
  })

  it('says how many blocks a multiprocessor shall run, and changes nothing else for it', () => {
    const { text } = printPtx(example(32), 32)
    const differing = withMinBlocks(text, 6).split('\n').filter((line, k) => line !== text.split('\n')[k])
    expect(differing).toEqual(['.minnctapersm 6'])
  })
})
