import type { NDArray } from '../../array/ndarray.ts'
import { broadcastTo, iota, reshape } from '../../functions/structure.ts'
import { apply } from '../../graph/apply.ts'
import type { InputAccess, OutputAccess } from '../names.ts'
import { spread, type BatchingRule } from './rules.ts'
import { ofEntries, together } from './structure.ts'

/**
 * Entries of the map and of the batch are one batch: entry b of map entry v is v · n + b. What all of a map entry shares is picked by
 * the number of the map entry, what is the same in all map entries by the number of the batch entry.
 */
export const segmentedPolynomialBatching: BatchingRule<'segmentedPolynomial'> = {
  batch({ inputs: arrays, isBatched, size, params: { polynomial, inputs, outputs, batchSize: n, ...method } }) {
    const numInputs = polynomial.inputs.length
    const device = arrays[0]?.device
    const indices: NDArray[] = []
    const added = new Map<string, number>()
    const index = (key: string, make: () => NDArray): number => {
      let at = added.get(key)
      if (at === undefined) added.set(key, (at = indices.push(make()) - 1))
      return at
    }
    const mapEntry = () => index('map', () => reshape(iota([size, n], 0, 'int32', device), [size * n]))
    /** The given index array for all map entries; into the rows of all of them, if there are such. */
    const given = (k: number, rows: number | undefined) =>
      index(`${k} ${rows ?? ''}`, () => {
        const own = spread(arrays[numInputs + k] ?? iota([n], 0, 'int32', device), isBatched[numInputs + k], size)
        return rows === undefined ? reshape(own, [size * n]) : ofEntries(own, rows)
      })

    const operands: NDArray[] = []
    const inputAccess = inputs.map((access, i): InputAccess => {
      const x = arrays[i]
      if (!x) return access
      if (!isBatched[i]) {
        operands.push(access.kind === 'batched' ? reshape(broadcastTo(x, [size, ...x.shape]), [size * n, x.shape[1] ?? 0]) : x)
        return access.kind === 'indexed' ? { kind: 'indexed', index: given(access.index, undefined) } : access
      }
      operands.push(together(x))
      if (access.kind === 'indexed') return { kind: 'indexed', index: given(access.index, x.shape[1] ?? 0) }
      return access.kind === 'batched' || n === 1 ? { kind: 'batched' } : { kind: 'indexed', index: mapEntry() }
    })
    const outputAccess = outputs.map((access): OutputAccess => {
      if (access.kind === 'indexed') return { kind: 'indexed', index: given(access.index, access.rows), rows: size * access.rows }
      return access.kind === 'batched' || n === 1 ? { kind: 'batched' } : { kind: 'indexed', index: mapEntry(), rows: size }
    })
    const results = apply('segmentedPolynomial', [...operands, ...indices], { polynomial, inputs: inputAccess, outputs: outputAccess, batchSize: size * n, ...method })
    return results.map((result, k) => {
      const access = outputs[k]
      const rows = access?.kind === 'indexed' ? access.rows : access?.kind === 'batched' ? n : 1
      return reshape(result, [size, rows, result.shape[1] ?? 0])
    })
  },
}
