import { FormatError } from '@equivar/core'
import { ZipArchive } from '../container/zip.ts'
import { pythonGlobals, type GlobalTable } from '../pickle/globals.ts'
import { unpickle } from '../pickle/unpickler.ts'
import type { PickleValue, StorageRecord, TensorRecord } from '../pickle/values.ts'
import type { NamedTensor } from '../tensors.ts'
import { loadStorage, torchGlobals } from './globals.ts'
import { decodeNumbers, dtypeOf, gather, itemSizes } from './storage.ts'

const maxPickleBytes = 2 ** 26

export interface TorchArchiveOptions {
  /** The classes that the file may name beside those of torch. Default: none. */
  readonly globals?: GlobalTable
  /** What the error for compiled TorchScript says to use instead. */
  readonly insteadOfScript?: string
}

/** A file of `torch.save`: the pickled object and the numbers that it refers to. */
export class TorchArchive {
  readonly root: PickleValue
  readonly #zip: ZipArchive
  readonly #folder: string
  readonly #decoded = new Map<string, { readonly type: string; readonly data: NamedTensor['data'] }>()
  /** Views may share a storage, so a small file could ask for any number of copies. */
  #elementsLeft: number

  /** @throws {FormatError} for a file that is not a torch archive, and for a TorchScript archive. */
  constructor(bytes: Uint8Array, { globals, insteadOfScript = 'save the state_dict() of the module that it was made from' }: TorchArchiveOptions = {}) {
    this.#zip = new ZipArchive(bytes)
    this.#folder = findFolder(this.#zip.names, insteadOfScript)
    this.#elementsLeft = bytes.length + 2 ** 20
    this.#checkByteOrder()
    const pickle = this.#zip.read(`${this.#folder}data.pkl`)
    if (pickle.length > maxPickleBytes) throw new FormatError(`torch archive: data.pkl has ${pickle.length} bytes, at most ${maxPickleBytes} are accepted`)
    this.root = unpickle(pickle, {
      globals: (module, name) => pythonGlobals(module, name) ?? torchGlobals(module, name) ?? globals?.(module, name),
      persistentLoad: loadStorage,
    })
  }

  /** The numbers of a tensor, row-major. @param name for errors. */
  tensor(record: TensorRecord, name: string): NamedTensor {
    this.#elementsLeft -= record.size
    if (this.#elementsLeft < 0) throw new FormatError(`torch archive: at tensor '${name}', the tensors have many times more elements than the file; it is refused`)
    return { dtype: dtypeOf(record.storage.type), shape: record.shape, data: gather(record, this.#storage(record.storage, name)) }
  }

  #storage({ type, key, length }: StorageRecord, name: string): NamedTensor['data'] {
    const known = this.#decoded.get(key)
    if (known && known.type === type && known.data.length === length) return known.data
    const record = `${this.#folder}data/${key}`
    if (!this.#zip.has(record)) throw new FormatError(`torch archive: tensor '${name}' refers to record '${record}', which is missing`)
    const bytes = this.#zip.read(record)
    const expected = length * itemSizes[type]
    if (bytes.length !== expected)
      throw new FormatError(`torch archive: tensor '${name}': storage '${key}' of ${length} ${type} needs ${expected} bytes, its record has ${bytes.length}`)
    const data = decodeNumbers(bytes, type, `tensor '${name}'`)
    this.#decoded.set(key, { type, data })
    return data
  }

  #checkByteOrder(): void {
    const record = `${this.#folder}byteorder`
    if (!this.#zip.has(record)) return
    const order = String.fromCharCode(...this.#zip.read(record).subarray(0, 16)).trim()
    if (order !== 'little') throw new FormatError(`torch archive: byte order ${JSON.stringify(order)}, only little-endian files are read; save the model on such a machine`)
  }
}

/** Every record lies in one folder, named after the file that was saved. */
function findFolder(names: readonly string[], insteadOfScript: string): string {
  const pickles = names.filter((name) => /^[^/]+\/data\.pkl$/.test(name))
  const [pickle] = pickles
  if (pickle === undefined) throw new FormatError('torch archive: no data.pkl; this zip file was not written by torch.save')
  if (pickles.length > 1) throw new FormatError(`torch archive: ${pickles.length} records data.pkl; this zip file was not written by torch.save`)
  const folder = pickle.slice(0, -'data.pkl'.length)
  if (names.some((name) => name === `${folder}constants.pkl` || name.startsWith(`${folder}code/`)))
    throw new FormatError(`torch archive: this is a compiled TorchScript model, which holds code instead of the model's description; ${insteadOfScript}`)
  return folder
}
