import { InputError } from '@equivar/core'
import { Tensor } from '../tensor/tensor.ts'
import { shuffled } from './shuffle.ts'

export interface DataLoaderOptions<Item, Batch> {
  /** Default 1. */
  readonly batchSize?: number
  /** Another order in every epoch, which depends on seed and epoch alone. Default false. */
  readonly shuffle?: boolean
  /** Default 0. */
  readonly seed?: number
  /** Leave out the last batch if it is not full. Default false. */
  readonly dropLast?: boolean
  /** Makes a batch of items, as `model.batch`. */
  readonly collate: (items: readonly Item[]) => Batch | Promise<Batch>
}

/**
 * Items of any kind, such as structures of different sizes, in batches; the next batch is made while one is used. A batch's tensors are given
 * back when the next one is asked for.
 *
 * @throws {InputError} unless the batch size is a positive integer.
 * @example
 * const loader = new DataLoader(structures, { batchSize: 8, shuffle: true, collate: (some) => model.batch(some) })
 * for await (const batch of loader.epoch(0)) step(batch)
 */
export class DataLoader<Item, Batch> {
  readonly items: readonly Item[]
  readonly batchSize: number
  readonly #options: DataLoaderOptions<Item, Batch>

  constructor(items: readonly Item[], options: DataLoaderOptions<Item, Batch>) {
    const { batchSize = 1 } = options
    if (!(Number.isSafeInteger(batchSize) && batchSize >= 1)) throw new InputError(`DataLoader: batchSize is ${batchSize}; it must be a positive integer`)
    this.items = items
    this.batchSize = batchSize
    this.#options = options
  }

  /** Number of batches of an epoch. */
  get length(): number {
    const count = this.items.length / this.batchSize
    return (this.#options.dropLast ?? false) ? Math.floor(count) : Math.ceil(count)
  }

  /** Positions of the items of every batch. @throws {InputError} unless the epoch is an integer that is not negative. */
  order(epoch: number): readonly (readonly number[])[] {
    if (!(Number.isSafeInteger(epoch) && epoch >= 0)) throw new InputError(`DataLoader: epoch is ${epoch}; it must be an integer that is not negative`)
    const { shuffle = false, seed = 0 } = this.#options
    const order = shuffle ? shuffled(this.items.length, seed, epoch) : [...this.items.keys()]
    return Array.from({ length: this.length }, (_, k) => order.slice(k * this.batchSize, (k + 1) * this.batchSize))
  }

  /** The batches of an epoch, from the k-th on. */
  async *epoch(epoch: number, start = 0): AsyncGenerator<Batch, void, void> {
    const batches = this.order(epoch).slice(start)
    const make = async (k: number) => {
      const own = batches[k]
      return own && this.#options.collate(own.flatMap((i) => this.items.slice(i, i + 1)))
    }
    let next = make(0)
    for (let k = 0; k < batches.length; k++) {
      const batch = await next
      next = k + 1 < batches.length ? make(k + 1) : Promise.resolve(undefined)
      // A failure belongs to whoever asks for that batch.
      next.catch(() => undefined)
      if (batch === undefined) return
      yield batch
      disposeTree(batch)
    }
  }
}

function disposeTree(tree: unknown): void {
  if (tree instanceof Tensor) tree.dispose()
  else if (Array.isArray(tree)) tree.forEach(disposeTree)
  else if (typeof tree === 'object' && tree !== null && Object.getPrototypeOf(tree) === Object.prototype) Object.values(tree).forEach(disposeTree)
}
