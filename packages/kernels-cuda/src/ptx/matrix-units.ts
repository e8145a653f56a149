import * as kernels from '@equivar/core/kernels'
import { literal } from './literals.ts'
import { warpSize } from './shape.ts'
import type { PtxState } from './state.ts'
import { elementBytes } from './types.ts'

type Tile = kernels.TileInstruction

/** Elements from one row of a tile to the next, and from one column to the next. */
export function distances({ order, stride }: kernels.TileRef): readonly [row: number, column: number] {
  return order === 'rows' ? [stride, 1] : [1, stride]
}

/** What a warp multiplies at once: `rows × depth` times `depth × columns`. */
const units = { f32: { rows: 16, columns: 8, depth: 8 }, f64: { rows: 8, columns: 8, depth: 4 } } as const

/** How the warps of a program share a tile of the target; each has a part of so many rows and columns. */
interface UnitLayout {
  readonly scalar: 'f32' | 'f64'
  /** Warps side by side, and how many there are in all. */
  readonly across: number
  readonly warps: number
  readonly rows: number
  readonly columns: number
}

/** How matrix units would do a product; `null` where they cannot: its extents are no multiples of theirs, or it is to be exact. */
export function unitLayout({ kernel, shape: { threads } }: PtxState, { rows, columns, depth, target, precision }: Tile): UnitLayout | null {
  const scalar = kernel.shared[target.slot]?.scalar
  if (scalar !== 'f32' && scalar !== 'f64') return null
  const unit = units[scalar]
  if ((scalar === 'f32' && precision === 'exact') || threads % warpSize !== 0) return null
  if (rows % unit.rows !== 0 || columns % unit.columns !== 0 || depth % unit.depth !== 0) return null
  let best: UnitLayout | null = null
  for (let across = 1; across <= threads / warpSize; across++)
    for (let down = 1; down * across <= threads / warpSize; down++) {
      if (rows % (unit.rows * down) !== 0 || columns % (unit.columns * across) !== 0) continue
      const own = { scalar, across, warps: down * across, rows: rows / down, columns: columns / across }
      if (!best || own.warps > best.warps || (own.warps === best.warps && own.rows + own.columns < best.rows + best.columns)) best = own
    }
  return best
}

/** The same for targets of one shape at one place. */
function tileKey({ forms }: PtxState, { rows, columns, target: { slot, offset, stride } }: Tile): string {
  const form = forms.of(offset)
  return `${slot} ${rows}x${columns} of ${stride} ${form.constant} ${kernels.formKey(form)}`
}

/** `target[i, j] += Σ_k a[i, k] · b[k, j]` by the matrix units of warps; the target from memory and back, unless it is held in registers. */
export function writeUnits(state: PtxState, tile: Tile, layout: UnitLayout): void {
  const sums = state.heldTiles.get(tileKey(state, tile))
  if (sums) {
    inWarps(state, layout, () => {
      multiply(state, tile, layout, sums)
    })
    return
  }
  const own = loadTarget(state, tile, layout)
  inWarps(state, layout, () => {
    multiply(state, tile, layout, own)
  })
  storeTarget(state, tile, layout, own)
}

/** Loads a thread's elements of the target. */
function loadTarget(state: PtxState, tile: Tile, layout: UnitLayout): readonly string[] {
  const { writer } = state
  const kind = layout.scalar === 'f32' ? 'f' : 'd'
  const numbers = targetPlaces(state, tile, layout).flatMap(() => [writer.register(kind), writer.register(kind)])
  inWarps(state, layout, () => {
    for (const [k, place] of targetPlaces(state, tile, layout).entries())
      for (const [j, register] of numbers.slice(2 * k, 2 * k + 2).entries()) writer.line(`ld.shared.${layout.scalar} ${register}, ${place(j)}`)
  })
  return numbers
}

function storeTarget(state: PtxState, tile: Tile, layout: UnitLayout, sums: readonly string[]): void {
  inWarps(state, layout, () => {
    for (const [k, place] of targetPlaces(state, tile, layout).entries())
      for (const [j, register] of sums.slice(2 * k, 2 * k + 2).entries()) state.writer.line(`st.shared.${layout.scalar} ${place(j)}, ${register}`)
  })
}

/** Runs it in the warps that have a part of the tile. */
function inWarps(state: PtxState, { warps }: UnitLayout, run: () => void): void {
  const { writer, shape, lane } = state
  if (warps * warpSize === shape.threads) {
    writer.inScope(run)
    return
  }
  const behind = writer.label()
  const isBeyond = writer.early(`beyond ${warps} warps`, 'p', (to) => `setp.ge.u32 ${to}, ${lane}, ${warps * warpSize}`)
  writer.line(`@${isBeyond} bra.uni ${behind}`)
  writer.inScope(run)
  writer.place(behind)
}

/** Numbers of a thread within its warp, as they are used in every layout: `lane div 4`, `lane mod 4`; and of its warp. */
function placeOf({ writer, lane }: PtxState, { across }: UnitLayout) {
  const warp = writer.early('warp', 'r', (to) => `shr.u32 ${to}, ${lane}, 5`)
  const quad = writer.early('lane div 4, of program', 'r', (to) => `shr.u32 ${to}, ${lane}, 2`)
  const down = writer.early(`warp div ${across}`, 'r', (to) => `div.u32 ${to}, ${warp}, ${across}`)
  return {
    row: writer.early('lane div 4', 'r', (to) => `and.b32 ${to}, ${quad}, 7`),
    rest: writer.early('lane mod 4', 'r', (to) => `and.b32 ${to}, ${lane}, 3`),
    down,
    aside: writer.early(`warp mod ${across}`, 'r', (to) => `rem.u32 ${to}, ${warp}, ${across}`),
  }
}

function shapeName({ across, rows, columns }: UnitLayout, { order, stride }: kernels.TileRef): string {
  return `${rows}x${columns}, ${across} aside, ${order} ${stride}`
}

type Part = readonly [register: string, factor: number]

/** `Σ factor · register` elements behind the start of a tile, as the address of a byte. */
function addressIn(state: PtxState, { slot, offset }: kernels.TileRef, bytes: number, name: string, parts: readonly Part[]) {
  const { writer, forms, indexBits } = state
  const base = state.base({ space: 'shared', slot })
  const own = parts.reduce((sum, [register, factor], k) => writer.early(`${name} of ${slot}, ${k}`, 'r', (to) => `mad.lo.u32 ${to}, ${register}, ${factor * bytes}, ${sum}`), base)
  const form = forms.of(offset)
  if (form.terms.length === 0 && form.lane === 0) return (element: number) => `[${own}+${(form.constant + element) * bytes}]`
  const word = indexBits === 32 ? state.use(offset) : writer.known(`word ${offset}`, () => writer.define('r', (to) => `cvt.u32.u64 ${to}, ${state.use(offset)}`))
  const start = writer.known(`${name} of ${slot} at ${offset}`, () => writer.define('r', (to) => `mad.lo.u32 ${to}, ${word}, ${bytes}, ${own}`))
  return (element: number) => `[${start}+${element * bytes}]`
}

/** Where the pairs of neighbouring elements of the target are that a thread owns. */
function targetPlaces(state: PtxState, { target }: Tile, layout: UnitLayout): readonly ((second: number) => string)[] {
  const { scalar, rows, columns } = layout
  const { row, rest, down, aside } = placeOf(state, layout)
  const name = `target ${shapeName(layout, target)}`
  const at = addressIn(state, target, elementBytes[scalar], name, [[down, rows * target.stride], [row, target.stride], [aside, columns], [rest, 2]])
  const places: ((second: number) => string)[] = []
  for (let i = 0; i < rows; i += units[scalar].rows)
    for (let j = 0; j < columns; j += 8)
      for (let half = 0; half < units[scalar].rows; half += 8) places.push((second) => at((i + half) * target.stride + j + second))
  return places
}

function multiply(state: PtxState, tile: Tile, layout: UnitLayout, sums: readonly string[]): void {
  if (layout.scalar === 'f64') multiplyDoubles(state, tile, layout, sums)
  else multiplySingles(state, tile, layout, sums)
}

function multiplyDoubles(state: PtxState, { a, b, depth }: Tile, layout: UnitLayout, sums: readonly string[]): void {
  const { writer } = state
  const { rows, columns } = layout
  const { row, rest, down, aside } = placeOf(state, layout)
  const [[aRow, aStep], [bStep, bColumn]] = [distances(a), distances(b)]
  const left = addressIn(state, a, 8, `a ${shapeName(layout, a)}`, [[down, rows * aRow], [row, aRow], [rest, aStep]])
  const right = addressIn(state, b, 8, `b ${shapeName(layout, b)}`, [[aside, columns * bColumn], [row, bColumn], [rest, bStep]])
  const load = (place: string) => writer.define('d', (to) => `ld.shared.f64 ${to}, ${place}`)
  for (let k = 0; k < depth; k += 4) {
    const lefts = Array.from({ length: rows / 8 }, (_, i) => load(left(8 * i * aRow + k * aStep)))
    for (let j = 0; j < columns / 8; j++) {
      const own = load(right(k * bStep + 8 * j * bColumn))
      for (const [i, element] of lefts.entries()) {
        const sum = `{${sums.slice(2 * (i * (columns / 8) + j), 2 * (i * (columns / 8) + j) + 2).join(', ')}}`
        writer.line(`mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 ${sum}, {${element}}, {${own}}, ${sum}`)
      }
    }
  }
}

/** The two parts of a number that TensorFloat-32 holds exactly, up to what float32 could not tell either. */
interface Parts {
  readonly high: string
  readonly low: string
}

/**
 * Products of numbers in two parts: `x y ≈ x₁ y₁ + (x₁ y₂ + x₂ y₁)`; what is left out is 2⁻²² of it. Units cut sums off instead of rounding
 * them, so every product of tiles is summed from zero, the small parts of a step first, and added with rounding.
 */
function multiplySingles(state: PtxState, { a, b, depth, precision }: Tile, layout: UnitLayout, sums: readonly string[]): void {
  const { writer } = state
  const { rows, columns } = layout
  const { row, rest, down, aside } = placeOf(state, layout)
  // Steps of the sum may come in any order that is the same on both sides: a thread takes neighbours, so that it loads two at once.
  const [[aRow, aStep], [bStep, bColumn]] = [distances(a), distances(b)]
  const left = addressIn(state, a, 4, `a ${shapeName(layout, a)}`, [[down, rows * aRow], [row, aRow], [rest, 2 * aStep]])
  const right = addressIn(state, b, 4, `b ${shapeName(layout, b)}`, [[aside, columns * bColumn], [row, bColumn], [rest, 2 * bStep]])
  const pairOf = (tile: kernels.TileRef, step: number, at: (element: number) => string) => {
    const form = state.forms.of(tile.offset)
    const isTogether = step === 1 && tile.stride % 2 === 0 && state.forms.divisorOf(form) % 2 === 0 && form.constant % 2 === 0
    return (element: number): readonly string[] => {
      const [first, second] = [writer.register('f'), writer.register('f')]
      if (isTogether) writer.line(`ld.shared.v2.f32 {${first}, ${second}}, ${at(element)}`)
      else for (const [k, to] of [first, second].entries()) writer.line(`ld.shared.f32 ${to}, ${at(element + k * step)}`)
      return [first, second]
    }
  }
  const [leftPair, rightPair] = [pairOf(a, aStep, left), pairOf(b, bStep, right)]
  const parts = (x: string) => partsOf(state, x, precision === 'split')
  const totals = sums.map(() => writer.define('f', (to) => `mov.f32 ${to}, ${literal('f32', 0)}`))
  for (let k = 0; k < depth; k += 8) {
    const lefts = Array.from({ length: rows / 16 }, (_, i) => {
      const [upper, lower] = [leftPair(16 * i * aRow + k * aStep), leftPair((16 * i + 8) * aRow + k * aStep)]
      return [upper[0], lower[0], upper[1], lower[1]].map((x) => parts(x ?? ''))
    })
    for (let j = 0; j < columns / 8; j++) {
      const own = rightPair(k * bStep + 8 * j * bColumn).map(parts)
      for (const [i, elements] of lefts.entries()) {
        const first = 4 * (i * (columns / 8) + j)
        const total = `{${totals.slice(first, first + 4).join(', ')}}`
        const add = (x: readonly string[], y: readonly string[]) => {
          writer.line(`mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 ${total}, {${x.join(', ')}}, {${y.join(', ')}}, ${total}`)
        }
        const [high, low] = [(of: readonly Parts[]) => of.map((x) => x.high), (of: readonly Parts[]) => of.map((x) => x.low)]
        if (precision === 'split') {
          add(low(elements), high(own))
          add(high(elements), low(own))
        }
        add(high(elements), high(own))
      }
    }
  }
  for (const [k, sum] of sums.entries()) writer.line(`add.f32 ${sum}, ${sum}, ${totals[k] ?? ''}`)
}

/** `x` to the nearest TensorFloat-32, and what that leaves. */
function partsOf({ writer }: PtxState, x: string, isSplit: boolean): Parts {
  const bits = writer.define('r', (to) => `mov.b32 ${to}, ${x}`)
  const raised = writer.define('r', (to) => `add.s32 ${to}, ${bits}, 4096`)
  const high = writer.define('r', (to) => `and.b32 ${to}, ${raised}, 0xffffe000`)
  if (!isSplit) return { high, low: high }
  const rounded = writer.define('f', (to) => `mov.b32 ${to}, ${high}`)
  const rest = writer.define('f', (to) => `sub.f32 ${to}, ${x}, ${rounded}`)
  return { high, low: writer.define('r', (to) => `mov.b32 ${to}, ${rest}`) }
}

/**
 * Keeps the targets of products in registers while a loop runs that touches their memory in no other way.
 *
 * @param isKnown whether a value is there before the loop.
 * @returns what is to be done behind the loop.
 */
export function holdTiles(state: PtxState, body: kernels.Block, isKnown: (value: kernels.ValueId) => boolean): () => void {
  const own = targetsOf(state, body, isKnown).map((tile) => ({ tile, key: tileKey(state, tile), layout: unitLayout(state, tile) }))
  const held: (() => void)[] = []
  for (const { tile, key, layout } of own) {
    if (!layout || state.heldTiles.has(key)) continue
    if (held.length === 0) state.barrier()
    const sums = loadTarget(state, tile, layout)
    state.heldTiles.set(key, sums)
    held.push(() => {
      state.heldTiles.delete(key)
      storeTarget(state, tile, layout, sums)
    })
  }
  return () => {
    for (const release of held) release()
    if (held.length > 0) state.barrier()
  }
}

/** Products whose targets nothing else of a block touches, one for each target. */
function targetsOf(state: PtxState, body: kernels.Block, isKnown: (value: kernels.ValueId) => boolean): readonly Tile[] {
  const products = new Map<string, { readonly tile: Tile; count: number }>()
  const touched = new Map<number, number>()
  const touch = (slot: number) => touched.set(slot, (touched.get(slot) ?? 0) + 1)
  const visit = (block: kernels.Block): void => {
    for (const instruction of block) {
      if (instruction.op === 'loop') visit(instruction.body)
      else if (instruction.op === 'branch') [instruction.then, instruction.otherwise].forEach(visit)
      else if (instruction.op === 'tileMultiplyAdd') {
        for (const { slot } of [instruction.target, instruction.a, instruction.b]) touch(slot)
        if (!unitLayout(state, instruction)) continue
        const key = tileKey(state, instruction)
        const known = products.get(key) ?? { tile: instruction, count: 0 }
        known.count++
        products.set(key, known)
      } else if ('memory' in instruction && instruction.memory.space === 'shared') touch(instruction.memory.slot)
    }
  }
  visit(body)
  return [...products.values()].flatMap(({ tile, count }) => {
    const isAlone = touched.get(tile.target.slot) === count
    return isAlone && state.forms.of(tile.target.offset).terms.every(({ value }) => isKnown(value)) ? [tile] : []
  })
}
