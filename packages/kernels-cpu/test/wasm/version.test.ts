import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { emit, emitterVersion } from '../../src/wasm/index.ts'
import { convolution, gather, histogram, matrixProduct, saxpy, scan, segmentSum, softmax } from './kernels.ts'
import { randomProblem } from './random-kernels.ts'

it('the version of the emitter is that of the code which it makes', () => {
  const laneCounts = [1, 3, 4, 8, 13, 32]
  const written = laneCounts.flatMap((lanes) => [
    ...[saxpy(lanes), softmax(lanes), segmentSum(lanes, 21), gather(lanes), histogram(lanes), convolution(20, lanes, 'f32'), convolution(20, lanes, 'f64')],
    ...Array.from({ length: 20 }, (_, seed) => randomProblem(seed, lanes).kernel),
  ])
  const hash = createHash('sha256')
  for (const kernel of [...written, matrixProduct('exact'), scan()])
    for (const relaxedMultiplyAdd of [false, true]) hash.update(emit(kernel, { relaxedMultiplyAdd, sharedMemory: true, maxPages: 1024 }))
  // If this fails, the emitter makes other code than before, and must not take up code that the one before has left:
  // set the version in src/wasm/version.ts to what is found here.
  expect(emitterVersion).toBe(hash.digest('hex').slice(0, 16))
})
