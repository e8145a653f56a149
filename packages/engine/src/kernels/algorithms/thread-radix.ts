import type * as lowering from '@equivar/core/lowering'
import * as kernels from '@equivar/core/kernels'
import { kernelOnce } from '../kernel-cache.ts'
import { scanningLanes, sumsBeforeLanes } from '../reductions/across-lanes.ts'

type Expression = kernels.Expression

/** Bits of a digit for lanes that are threads: each counts its own keys, so counters are many. */
export const threadDigitBits = 4
const bins = 2 ** threadDigitBits
/** Keys of a thread at most. */
const mostKeys = 16
/** Programs that keep a device busy; more keys a thread beyond. */
const manyPrograms = 256

/** Lanes whose counters and sums fit the memory that they share. */
export function radixLanes(target: lowering.Target): number {
  const bytesOfLane = 4 * (bins + 1)
  return Math.max(bins, scanningLanes(target, Math.min(256, Math.floor(target.maxSharedBytes / bytesOfLane))))
}

/** Keys of a thread; a function of sizes alone. */
export function keysOfThread(count: number, lanes: number): number {
  return Math.max(1, Math.min(mostKeys, Math.ceil(count / (lanes * manyPrograms))))
}

/** Counters of a tile, `[digit, lane]`: a lane counts keys that follow one another, so the order of counters is that of sorted keys. */
export class TileCounters {
  readonly #b: kernels.KernelBuilder
  readonly #lanes: number
  readonly #counters: kernels.Memory

  constructor(b: kernels.KernelBuilder, lanes: number) {
    this.#b = b
    this.#lanes = lanes
    this.#counters = b.shared('counters', 'i32', bins * lanes)
  }

  /** Counts the keys of the lane; `visit` gives its `k`-th key and whether there is one. */
  count(perLane: Expression, shift: Expression, visit: (k: Expression) => { readonly key: Expression; readonly mask: Expression }): void {
    const [b, counters] = [this.#b, this.#counters]
    for (let digit = 0; digit < bins; digit++) counters.storeLanes(digit * this.#lanes, b.constant('i32', 0))
    b.loop(0, perLane, {}, (k) => {
      const { key, mask } = visit(k)
      const own = this.#counterOf(key, shift)
      counters.store(own, counters.load(own, { mask }).add(1), { mask })
    })
    b.barrier()
  }

  /** Of a lane's share of the counters, 16 that follow one another: the digit, which share of the digit it is, and its sum. */
  share(): { readonly digit: Expression; readonly isLast: Expression; readonly sum: Expression; readonly perDigit: number } {
    const b = this.#b
    const perDigit = this.#lanes / bins
    const digit = b.lane().div(perDigit)
    const [sum] = b.loop(0, bins, { carry: [kernels.varying(b.constant('i32', 0))] }, (k, [total]) => [total.add(this.#counters.load(b.lane().mul(bins).add(k)))])
    return { digit, isLast: b.lane().rem(perDigit).equal(perDigit - 1), sum, perDigit }
  }

  /** Counters become the places of the next key of their digit and lane, from the first place of the share on. */
  place(first: Expression): void {
    const b = this.#b
    b.loop(0, bins, { carry: [first] }, (k, [place]) => {
      const at = b.lane().mul(bins).add(k)
      const own = this.#counters.load(at)
      this.#counters.store(at, place)
      return [place.add(own)]
    })
    b.barrier()
  }

  /** The place of the next key of the lane. */
  take(key: Expression, shift: Expression, mask: Expression): Expression {
    const own = this.#counterOf(key, shift)
    const place = this.#counters.load(own, { mask })
    this.#counters.store(own, place.add(1), { mask })
    return place.convert('index')
  }

  #counterOf(key: Expression, shift: Expression): Expression {
    return key.shiftRight(shift).and(bins - 1).convert('index').mul(this.#lanes).add(this.#b.lane())
  }
}

/** Sums of counters over lanes, in their order. */
export function countsBefore(b: kernels.KernelBuilder, sum: Expression, lanes: number, group = lanes): Expression {
  const [before = sum] = sumsBeforeLanes(b, [sum], { scalars: ['i32'], join: ([x = sum], [y = sum]) => [x.add(y)] }, lanes, group)
  return before
}

interface TileParameters {
  readonly count: Expression
  readonly perLane: Expression
  readonly shift: Expression
}

function tileParameters(b: kernels.KernelBuilder): TileParameters {
  return { count: b.parameter('count', 'index'), perLane: b.parameter('perLane', 'index'), shift: b.parameter('shift', 'u32') }
}

/** `counts[digit, tile] = #{keys of the tile with that digit}`, one program a tile. Parameters: count, perLane, shift. */
export function threadCountKernel(lanes: number): kernels.Kernel {
  return kernelOnce(`radix count ${lanes}`, () => {
    const b = new kernels.KernelBuilder('radix_count', { lanes })
    const { count, perLane, shift } = tileParameters(b)
    const keys = b.buffer('keys', 'u32', 'read', { extent: b.extentOf(count) })
    const counts = b.buffer('counts', 'i32', 'write', { extent: b.gridExtent(0).times(bins) })
    const first = b.programId().mul(perLane).mul(lanes).add(b.lane().mul(perLane))
    const counters = new TileCounters(b, lanes)
    counters.count(perLane, shift, (k) => {
      const mask = first.add(k).less(count)
      return { key: keys.load(first.add(k), { mask }), mask }
    })
    const { digit, isLast, sum, perDigit } = counters.share()
    const tiles = count.add(perLane.mul(lanes)).sub(1).div(perLane.mul(lanes))
    counts.store(digit.mul(tiles).add(b.programId()), countsBefore(b, sum, lanes, perDigit).add(sum), { mask: isLast })
    return b.build()
  })
}

/** Moves every key of a tile behind those with smaller digits and those before it. Without a payload, positions are moved. */
export function threadMoveKernel(lanes: number, hasPayload: boolean, keepsKeys: boolean): kernels.Kernel {
  return kernelOnce(`radix move ${hasPayload} ${keepsKeys} ${lanes}`, () => {
    const b = new kernels.KernelBuilder('radix_move', { lanes })
    const { count, perLane, shift } = tileParameters(b)
    const all = { extent: b.extentOf(count) }
    const keys = b.buffer('keys', 'u32', 'read', all)
    const payload = hasPayload ? b.buffer('payload', 'i32', 'read', all) : undefined
    const places = b.buffer('places', 'i32', 'read', { extent: b.gridExtent(0).times(bins), below: b.extentOf(count).plus(1) })
    const movedKeys = keepsKeys ? b.buffer('movedKeys', 'u32', 'write', all) : undefined
    const moved = b.buffer('moved', 'i32', 'write', all)
    const first = b.programId().mul(perLane).mul(lanes).add(b.lane().mul(perLane))
    const keyAt = (k: Expression) => {
      const mask = first.add(k).less(count)
      return { key: keys.load(first.add(k), { mask }), mask }
    }
    const counters = new TileCounters(b, lanes)
    counters.count(perLane, shift, keyAt)
    const { digit, sum, perDigit } = counters.share()
    const tiles = count.add(perLane.mul(lanes)).sub(1).div(perLane.mul(lanes))
    counters.place(places.load(digit.mul(tiles).add(b.programId())).add(countsBefore(b, sum, lanes, perDigit)))
    b.loop(0, perLane, {}, (k) => {
      const { key, mask } = keyAt(k)
      const place = counters.take(key, shift, mask)
      movedKeys?.store(place, key, { mask })
      moved.store(place, payload ? payload.load(first.add(k), { mask }) : first.add(k).convert('i32'), { mask })
    })
    return b.build()
  })
}
