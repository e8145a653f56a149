import { channelwiseTensorProduct } from '../../descriptors/index.ts'
import { Irreps } from '../../irreps/index.ts'
import { KernelBuilder } from '../../kernels/index.ts'
import { elementsOf } from '../guarded.ts'
import type { Random } from '../random.ts'
import { arithmeticProblems } from './arithmetic.ts'
import { convolution, histogram, matrixProduct, saxpy, scan, segmentSum, softmax } from './examples.ts'
import { mathProblems } from './math.ts'
import { type KernelProblem, type Problems, unitValues } from './problem.ts'
import { structureProblems } from './structure.ts'

function convolutionProblem(scalar: 'f32' | 'f64', lanes: number, random: Random): KernelProblem {
  const [channels, numReceivers, numNodes] = [13, 5, 6]
  const { polynomial } = channelwiseTensorProduct(new Irreps('O3', `${channels}x0e + ${channels}x1o`), new Irreps('O3', '0e + 1o + 2e'), new Irreps('O3', '0e + 1o + 2e'))
  const starts = Int32Array.of(0, 2, 2, 9, 10, 17)
  const numEdges = starts[numReceivers] ?? 0
  const [w = 0, x = 0, y = 0] = polynomial.inputs.map(({ size }) => size)
  return {
    kernel: convolution(polynomial, channels, lanes, scalar),
    grid: [numReceivers, Math.ceil(channels / lanes)],
    parameters: { numEdges, numNodes },
    buffers: {
      starts,
      senders: Int32Array.from({ length: numEdges }, () => random.integer(numNodes)),
      w: unitValues(scalar, numEdges * w, random),
      x: unitValues(scalar, numNodes * x, random),
      y: unitValues(scalar, numEdges * y, random),
      out: elementsOf(scalar, numReceivers * (polynomial.outputs[0]?.size ?? 0)),
    },
    tolerance: { ofLargest: scalar === 'f32' ? 1e-5 : 1e-13 },
  }
}

/** `t += a · b` in shared memory with extents and distances that nothing divides. */
function tileProblem(scalar: 'f32' | 'f64', lanes: number, order: 'rows' | 'columns', random: Random): KernelProblem {
  const [rows, columns, depth] = [5, 7, 3]
  const isInRows = order === 'rows'
  const [strideT, strideA, strideB] = isInRows ? [9, 4, 11] : [9, 6, 5]
  const b = new KernelBuilder('tile', { lanes })
  const sizes = { a: (isInRows ? rows : depth) * strideA + 2, b: (isInRows ? depth : columns) * strideB + 1, t: rows * strideT + 3 }
  const memories = Object.entries(sizes).map(([name, size]) => {
    const memory = b.buffer(name, scalar, name === 't' ? 'readWrite' : 'read')
    return { size, memory, shared: b.shared(`s${name}`, scalar, size) }
  })
  const [a, c, t] = memories
  if (!a || !c || !t) throw new Error('a tile product has three tiles')
  for (const { size, memory, shared } of memories)
    b.loop(0, size, { step: lanes }, (start) => {
      const active = b.constant('index', size).sub(start)
      shared.storeLanes(start, memory.loadLanes(start.add(b.programId().mul(size)), { active }), { active })
    })
  b.barrier()
  const target = { memory: t.shared, offset: 3, stride: strideT }
  const [left, right] = [{ memory: a.shared, offset: 2, order, stride: strideA }, { memory: c.shared, offset: 1, order, stride: strideB }]
  b.tileMultiplyAdd({ rows, columns, depth, target, a: left, b: right })
  b.barrier()
  b.loop(0, t.size, { step: lanes }, (start) => {
    const active = b.constant('index', t.size).sub(start)
    t.memory.storeLanes(start.add(b.programId().mul(t.size)), t.shared.loadLanes(start, { active }), { active })
  })
  const buffers = Object.fromEntries(Object.entries(sizes).map(([name, size]) => [name, unitValues(scalar, 3 * size, random)]))
  return { kernel: b.build(), grid: [3], buffers, tolerance: { ofLargest: scalar === 'f32' ? 1e-6 : 1e-15 } }
}

const examples: Problems = {
  ...Object.fromEntries(
    ([[0, 8], [1, 8], [33, 4], [100, 64]] as const).map(([n, lanes]) => [
      `saxpy/${n}/${lanes}`,
      (random: Random): KernelProblem => ({
        kernel: saxpy(lanes),
        grid: [Math.ceil(n / lanes)],
        parameters: { n, alpha: 0.3 },
        buffers: { x: unitValues('f32', n, random), y: unitValues('f32', n, random) },
      }),
    ]),
  ),
  ...Object.fromEntries(
    [1, 4, 16, 64].map((lanes) => [
      `softmax/${lanes}`,
      (random: Random): KernelProblem => ({ kernel: softmax(lanes), grid: [3], buffers: { x: unitValues('f32', 111, random), y: elementsOf('f32', 111) }, tolerance: { ofLargest: 1e-6 } }),
    ]),
  ),
  ...Object.fromEntries(
    (['f32', 'f64'] as const).flatMap((scalar) =>
      [1, 2, 4, 8].map((lanes) => [
        `segmentSum/${scalar}/${lanes}`,
        (random: Random): KernelProblem => ({
          kernel: segmentSum(lanes, 5, scalar),
          grid: [4, Math.ceil(5 / lanes)],
          parameters: { numEdges: 9 },
          buffers: { starts: Int32Array.of(0, 3, 3, 4, 9), x: unitValues(scalar, 45, random), y: elementsOf(scalar, 20) },
        }),
      ]),
    ),
  ),
  ...Object.fromEntries(
    (['f32', 'f64'] as const).flatMap((scalar) => [1, 4, 16].map((lanes) => [`convolution/${scalar}/${lanes}`, (random: Random) => convolutionProblem(scalar, lanes, random)])),
  ),
  ...Object.fromEntries(
    (['exact', 'split', 'tf32'] as const).map((precision) => [
      `matrixProduct/${precision}`,
      (random: Random): KernelProblem => ({
        kernel: matrixProduct(precision),
        grid: [3, 3],
        parameters: { n: 12 },
        buffers: { left: unitValues('f32', 144, random), right: unitValues('f32', 144, random), result: elementsOf('f32', 144) },
        // Without matrix units the product is exact, which is closer to the truth than the interpreter's.
        tolerance: { ofLargest: precision === 'tf32' ? 2e-3 : 1e-6 },
      }),
    ]),
  ),
  ...Object.fromEntries((['f32', 'f64'] as const).flatMap((scalar) => ([[1, 'rows'], [4, 'rows'], [13, 'rows'], [4, 'columns']] as const).map(([lanes, order]) => [
    `tile/${scalar}/${lanes}${order === 'rows' ? '' : '/columns'}`,
    (random: Random) => tileProblem(scalar, lanes, order, random),
  ]))),
  scan: (random) => ({ kernel: scan(), grid: [4], buffers: { x: Uint32Array.from({ length: 32 }, () => random.integer(1000)) } }),
  ...Object.fromEntries(
    [1, 4, 16, 64].map((lanes) => [
      `histogram/${lanes}`,
      (random: Random): KernelProblem => ({
        kernel: histogram(lanes),
        grid: [Math.ceil(145 / lanes)],
        parameters: { n: 145 },
        buffers: { x: Uint32Array.from({ length: 145 }, () => random.integer(8)), counts: new Uint32Array(8) },
      }),
    ]),
  ),
}

export const kernelProblems: Problems = { ...arithmeticProblems, ...mathProblems, ...structureProblems, ...examples }
