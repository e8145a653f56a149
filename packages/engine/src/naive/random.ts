import { allocate, type TypedArray } from '../array/dtype.ts'
import { elementCount } from '../array/shape.ts'
import { highWord, philox, type Words } from './philox.ts'
import type { Evaluator } from './tensor.ts'

export const randomEvaluator: Evaluator<'random'> = {
  evaluate([{ data }], { distribution, range: [low, high] = [0, 0] }, [{ dtype, shape }]): readonly [TypedArray] {
    const [k0 = 0, k1 = 0, s0 = 0, s1 = 0] = data
    const out = allocate(dtype, elementCount(shape))
    const domain = distribution === 'keys' ? 1 : 0
    for (let i = 0; i < out.length; i++) {
      const words = philox([i, domain, s0, s1], [k0, k1])
      switch (distribution) {
        case 'bits':
        case 'keys':
          out[i] = words[0]
          break
        case 'integers':
          out[i] = low + highWord(words[0], high - low)
          break
        case 'uniform':
          out[i] = uniforms(words, dtype === 'float64')[0]
          break
        case 'normal':
          out[i] = normal(words, dtype === 'float64')
      }
    }
    return [out]
  },
}

function uniforms([w0, w1, w2, w3]: Words, isWide: boolean): readonly [number, number] {
  if (!isWide) return [(w0 >>> 8) * 2 ** -24, (w1 >>> 8) * 2 ** -24]
  const wide = (high: number, low: number) => ((high >>> 5) * 2 ** 26 + (low >>> 6)) * 2 ** -53
  return [wide(w0, w1), wide(w2, w3)]
}

function normal(words: Words, isWide: boolean): number {
  const [u, v] = uniforms(words, isWide)
  return Math.sqrt(-2 * Math.log(1 - u)) * Math.cos(2 * Math.PI * v)
}
