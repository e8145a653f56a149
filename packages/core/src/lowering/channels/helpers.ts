import { type Kernel, KernelBuilder, type StorageType } from '../../kernels/index.ts'

/** Elements of a program that copies or fills. */
export const elementsPerProgram = 1024

/** `x[i] = 0` for all of `length` elements. */
export function fillKernel(scalar: StorageType, lanes: number): Kernel {
  const b = new KernelBuilder('fill', { lanes })
  const length = b.parameter('length', 'index')
  const x = b.buffer('x', scalar, 'write', { extent: b.extentOf(length) })
  const first = b.programId().mul(elementsPerProgram)
  b.loop(first, first.add(elementsPerProgram).min(length), { step: lanes }, (base) => {
    x.storeLanes(base, 0, { active: length.sub(base) })
  })
  return b.build()
}

/** `y[row, i] = Σ_part x[row, part, i]`, part by part; `parts` is a number, or `undefined` for one row of as many as a parameter says. */
export function sumPartsKernel(from: StorageType, to: StorageType, size: number, parts: number | undefined, lanes: number): Kernel {
  const b = new KernelBuilder('sumParts', { lanes, gridRank: 2 })
  const count = parts === undefined ? b.parameter('parts', 'index') : b.constant('index', parts)
  const extent = parts === undefined ? b.extentOf(count).times(size) : b.gridExtent(0).times(parts * size)
  const x = b.buffer('x', from, 'read', { extent })
  const y = b.buffer('y', to, 'write', { extent: parts === undefined ? size : b.gridExtent(0).times(size) })
  const row = parts === undefined ? b.constant('index', 0) : b.programId(0)
  const first = b.programId(1).mul(elementsPerProgram)
  b.loop(first, first.add(elementsPerProgram).min(size), { step: lanes }, (base) => {
    const active = b.constant('index', size).sub(base)
    const start = row.mul(parts === undefined ? 0 : parts * size).add(base)
    const zero = { varying: b.constant(from, 0) }
    const [total] = b.loop(0, count, { carry: [zero] }, (part, [sum]) => [sum.add(x.loadLanes(start.add(part.mul(size)), { active }))])
    y.storeLanes(row.mul(size).add(base), total.convert(to), { active })
  })
  return b.build()
}
