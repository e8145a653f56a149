import { fmaFunction } from '../arithmetic.ts'
import type { TileInstruction } from '../ir.ts'
import type { CheckedMemory } from './memory.ts'

export interface TilePlace {
  readonly memory: CheckedMemory
  readonly offset: () => number
  readonly order: 'rows' | 'columns'
  readonly stride: number
}

/** `target[i, j] += Σ_k a[i, k] · b[k, j]`, rounded after every product and every sum, in the order of k. */
export function multiplyTiles({ rows, columns, depth, precision }: TileInstruction, target: TilePlace, a: TilePlace, b: TilePlace, lane: number): void {
  const isSingle = target.memory.data instanceof Float32Array
  const multiplyAdd = fmaFunction(isSingle ? 'f32' : 'f64')
  const operand = precision === 'tf32' ? roundToTensorFloat : (x: number) => x
  const read = ({ memory, offset, order, stride }: TilePlace, height: number, width: number) => {
    const [down, across] = order === 'rows' ? [stride, 1] : [1, stride]
    return Float64Array.from({ length: height * width }, (_, k) => memory.read(offset() + Math.floor(k / width) * down + (k % width) * across, lane))
  }
  const [left, right] = [read(a, rows, depth).map(operand), read(b, depth, columns).map(operand)]
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) {
      const element = target.offset() + i * target.stride + j
      let total = target.memory.peek(element)
      for (let k = 0; k < depth; k++) total = multiplyAdd(left[i * depth + k] ?? 0, right[k * columns + j] ?? 0, total)
      target.memory.write(element, total, lane)
    }
}

const bits = /* @__PURE__ */ new DataView(new ArrayBuffer(4))

/** To 10 bits behind the point, ties to even, as TensorFloat-32 has them. */
function roundToTensorFloat(x: number): number {
  if (!Number.isFinite(x)) return x
  bits.setFloat32(0, x)
  const pattern = bits.getUint32(0)
  bits.setUint32(0, (pattern + 0xfff + ((pattern >>> 13) & 1)) & ~0x1fff)
  return bits.getFloat32(0)
}
