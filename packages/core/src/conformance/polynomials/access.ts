import type { RowAccess } from '../../lowering/index.ts'
import type { SegmentedPolynomial } from '../../polynomials/index.ts'
import { Random } from '../random.ts'

export const accessModes = [
  'batched',
  'sharedFirst',
  'shared',
  'sharedOutput',
  'gathered',
  'scattered',
  'convolution',
  'species',
  'oneIndexForAll',
  'repeated',
  'random',
] as const
/**
 * Which rows of operands belong to an entry of the batch: `sharedFirst` is a layer with weights, `convolution` gathers an input by
 * senders and sums into receivers, `species` takes weights by kind, `repeated` gives one memory to inputs of one size.
 */
export type AccessMode = (typeof accessModes)[number]

export const rowsModes = ['few', 'many', 'sorted', 'huge'] as const
/** Rows that indices point to: fewer than entries, or more, most of them unused; in order; so many that elements exceed 2^24. */
export type RowsMode = (typeof rowsModes)[number]

/** Access of the forward polynomial's operands; derivatives take theirs from it. */
export interface Access {
  readonly inputs: readonly RowAccess[]
  readonly outputs: readonly RowAccess[]
  readonly numIndices: number
}

const batched: RowAccess = { kind: 'batched' }
const shared: RowAccess = { kind: 'shared' }
const indexed = (index: number): RowAccess => ({ kind: 'indexed', index })

/** Whether a mode says something of its own about a polynomial. */
export function isApplicable(mode: AccessMode, { inputs }: SegmentedPolynomial): boolean {
  if (mode === 'repeated') return inputs.some(({ size }, i) => inputs.findIndex((other) => other.size === size) < i)
  if (mode === 'sharedFirst' || mode === 'convolution') return inputs.length > 1
  return true
}

export function accessOf(mode: AccessMode, { inputs, outputs }: SegmentedPolynomial, seed: string): Access {
  const everyInput = (access: RowAccess) => inputs.map(() => access)
  const everyOutput = (access: RowAccess) => outputs.map(() => access)
  switch (mode) {
    case 'batched':
    case 'repeated':
      return { inputs: everyInput(batched), outputs: everyOutput(batched), numIndices: 0 }
    case 'sharedFirst':
      return { inputs: inputs.map((_, i) => (i === 0 ? shared : batched)), outputs: everyOutput(batched), numIndices: 0 }
    case 'shared':
      return { inputs: everyInput(shared), outputs: everyOutput(batched), numIndices: 0 }
    case 'sharedOutput':
      return { inputs: everyInput(batched), outputs: everyOutput(shared), numIndices: 0 }
    case 'gathered':
      return { inputs: inputs.map((_, i) => (i === Math.min(1, inputs.length - 1) ? indexed(0) : batched)), outputs: everyOutput(batched), numIndices: 1 }
    case 'scattered':
      return { inputs: everyInput(batched), outputs: everyOutput(indexed(0)), numIndices: 1 }
    case 'convolution':
      return { inputs: inputs.map((_, i) => (i === 1 ? indexed(0) : batched)), outputs: everyOutput(indexed(1)), numIndices: 2 }
    case 'species':
      return { inputs: inputs.map((_, i) => (i === 0 ? indexed(0) : batched)), outputs: everyOutput(batched), numIndices: 1 }
    case 'oneIndexForAll':
      return { inputs: everyInput(indexed(0)), outputs: everyOutput(indexed(0)), numIndices: 1 }
    case 'random': {
      const random = new Random(seed)
      const choices = [batched, shared, indexed(0), indexed(1)] as const
      return { inputs: inputs.map(() => random.pick(choices)), outputs: outputs.map(() => random.pick(choices)), numIndices: 2 }
    }
  }
}

/** Rows of what an index array points to, and the array. */
export interface IndexArray {
  readonly rows: number
  readonly indices: Int32Array
}

/** @param largest size of the largest operand that the indices point into. */
export function indexArray(mode: RowsMode, batchSize: number, largest: number, random: Random): IndexArray {
  const rows = { few: 3, sorted: 4, many: 2 * batchSize + 5, huge: Math.ceil(2 ** 24 / Math.max(1, largest)) + 3 }[mode]
  // The last row is taken, and one row more than once.
  const indices = Int32Array.from({ length: batchSize }, (_, b) => (b === 0 ? rows - 1 : b % 4 === 3 ? rows >> 1 : random.integer(rows)))
  return { rows, indices: mode === 'sorted' ? indices.sort() : indices }
}
