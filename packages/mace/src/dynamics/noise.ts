import { randomNormal, withMethod } from '@equivar/engine'

/**
 * Numbers of mean 0 and variance 1 in float64 from a seed and a stream: those of the engine's `randomNormal` (Philox4x32-10, a generator by
 * counters). Element i depends on nothing but seed, stream and i. They are made in plain TypeScript on the host, so that a trajectory does
 * not depend on what computes its forces.
 */
export async function standardNormals(count: number, seed: number, stream: number): Promise<ArrayLike<number>> {
  using values = withMethod('naive', () => randomNormal([count], { seed, stream, dtype: 'float64', device: 'cpu' }))
  return await values.data()
}
