import type * as kernels from '@equivar/core/kernels'
import { loadName, storeName } from './access-names.ts'
import type { Value } from './graph.ts'
import { at, bytesOf, shapeOf, widthOf } from './spread.ts'
import type { EmitterState, Place } from './state.ts'

/** Rows and vectors of columns that are summed at a time: twelve sums, and what they are made of, fill sixteen registers. */
const [blockRows, blockVectors] = [6, 2]

/** Bytes from one row to the next and from one column to the next, and where a block of a tile begins. */
interface Block {
  readonly place: Place
  readonly start: Value
  readonly pitch: number
  readonly across: number
}

/** `target[i, j] += Σ_k a[i, k] · b[k, j]`, k in order, in blocks that stay in registers for all k. */
export function multiplyTiles(state: EmitterState, { rows, columns, depth, target, a, b }: kernels.TileInstruction): void {
  const { graph } = state
  const tile = ({ slot, offset, order, stride }: kernels.TileRef): Block => {
    const place = state.place({ space: 'shared', slot })
    const { base, offset: first } = state.address(place, state.forms.form(offset))
    const [near, far] = [bytesOf(place.scalar), stride * bytesOf(place.scalar)]
    return { place, start: graph.op('i32_add', [base, graph.i32(first)]), pitch: order === 'rows' ? far : near, across: order === 'rows' ? near : far }
  }
  const [sums, left, right] = [tile(target), tile(a), tile(b)]
  const width = widthOf(sums.place.scalar)
  const bands = [{ height: blockRows, count: Math.floor(rows / blockRows), first: 0 }]
  if (rows % blockRows > 0) bands.push({ height: rows % blockRows, count: 1, first: rows - (rows % blockRows) })
  const vectors = Math.floor(columns / width)
  const spans = [{ columns: blockVectors * width, count: Math.floor(vectors / blockVectors), first: 0 }]
  const done = blockVectors * width * Math.floor(vectors / blockVectors)
  if (done < columns) spans.push({ columns: columns - done, count: 1, first: done })
  for (const band of bands)
    inBlocks(state, band.count, (row) => {
      const skip = (pitch: number) => graph.op('i32_add', [graph.op('i32_mul', [row, graph.i32(band.height * pitch)]), graph.i32(band.first * pitch)])
      const rowStart = ({ start, pitch }: Block) => graph.op('i32_add', [start, skip(pitch)])
      const [sumsRow, leftRow] = [rowStart(sums), rowStart(left)]
      for (const span of spans)
        inBlocks(state, span.count, (column) => {
          const begin = (start: Value, across: number) => {
            const distance = graph.op('i32_add', [graph.op('i32_mul', [column, graph.i32(span.columns * across)]), graph.i32(span.first * across)])
            return graph.op('i32_add', [start, distance])
          }
          const size = { rows: band.height, columns: span.columns, depth }
          const columnsOfB = { ...right, start: begin(right.start, right.across) }
          multiplyBlock(state, size, { ...sums, start: begin(sumsRow, sums.across) }, { ...left, start: leftRow }, columnsOfB)
        })
    })
}

/** Does something for 0 … count − 1. */
function inBlocks({ graph }: EmitterState, count: number, run: (index: Value) => void): void {
  if (count === 0) return
  if (count === 1) {
    run(graph.i32(0))
    return
  }
  graph.loop({
    initial: [graph.i32(0)],
    guard: null,
    body: ([index]) => {
      if (!index) return { next: [], condition: graph.i32(0) }
      run(index)
      const next = graph.op('i32_add', [index, graph.i32(1)])
      return { next: [next], condition: graph.op('i32_lt_s', [next, graph.i32(count)]) }
    },
  })
}

interface BlockSize {
  readonly rows: number
  readonly columns: number
  readonly depth: number
}

function multiplyBlock(state: EmitterState, { rows, columns, depth }: BlockSize, target: Block, a: Block, b: Block): void {
  const { graph, options, lanes } = state
  const { scalar, number } = target.place
  const [width, bytes] = [widthOf(scalar), bytesOf(scalar)]
  const shape = shapeOf(scalar) === 'f64x2' ? 'f64x2' : 'f32x4'
  const vectors = Math.ceil(columns / width)
  const each = Array.from({ length: rows * vectors }, (_, k) => ({ row: Math.floor(k / vectors), vector: k % vectors }))
  const offsetOf = ({ row, vector }: { readonly row: number; readonly vector: number }) => row * target.pitch + 16 * vector
  const initial = each.map((place) => graph.load('v128_load', number, [target.start], { offset: offsetOf(place) }))
  const end = graph.op('i32_add', [a.start, graph.i32(depth * a.across)])
  const [, , ...sums] = graph.loop({
    initial: [a.start, b.start, ...initial],
    guard: null,
    body: ([left, right, ...before]) => {
      if (!left || !right) return { next: [], condition: graph.i32(0) }
      const loadColumns = (vector: number) => {
        if (b.across === bytes) return graph.load('v128_load', b.place.number, [right], { offset: 16 * vector })
        const element = (column: number) => graph.load(loadName(scalar), b.place.number, [right], { offset: Math.min(column, columns - 1) * b.across })
        const others = Array.from({ length: width - 1 }, (_, k) => k + 1)
        return others.reduce((all, k) => graph.op(`${shape}_replace_lane`, [all, element(vector * width + k)], { lane: k }), lanes.splat(scalar, element(vector * width)))
      }
      const loadFactor = (row: number) => lanes.splat(scalar, graph.load(loadName(scalar), a.place.number, [left], { offset: row * a.pitch }))
      const columnsOfB = Array.from({ length: vectors }, (_, vector) => loadColumns(vector))
      // A factor at a time, between the sums that need it: all of them would not stay in registers.
      let factor = loadFactor(0)
      const sumsNext = each.map(({ row, vector }, k) => {
        if (vector === 0 && row > 0) factor = loadFactor(row)
        const [x, y, z] = [factor, at(columnsOfB, vector), at(before, k)]
        return options.relaxedMultiplyAdd ? graph.op(`${shape}_relaxed_madd`, [x, y, z]) : graph.op(`${shape}_add`, [z, graph.op(`${shape}_mul`, [x, y])])
      })
      const next = graph.op('i32_add', [left, graph.i32(a.across)])
      return { next: [next, graph.op('i32_add', [right, graph.i32(b.pitch)]), ...sumsNext], condition: graph.op('i32_ne', [next, end]) }
    },
  })
  for (const [k, place] of each.entries()) {
    const sum = at(sums, k)
    const count = Math.min(width, columns - place.vector * width)
    if (count === width) graph.store('v128_store', number, [target.start, sum], { offset: offsetOf(place) })
    else
      for (let lane = 0; lane < count; lane++)
        graph.store(storeName(scalar), number, [target.start, lanes.extract(scalar, sum, lane)], { offset: offsetOf(place) + lane * bytes })
  }
}
