import { readStateDict, type NamedTensor } from '@equivar/files'
import type { Device } from '@equivar/engine'
import { tensor } from '../functions/create.ts'
import type { Tensor } from '../tensor/tensor.ts'

export interface FileOptions {
  /** Where the tensors are to be. Default: the default device. */
  readonly device?: Device
}

/**
 * The tensors of a file by their names: of a safetensors file, or of a `.pt` that `torch.save(module.state_dict(), …)` wrote. Nothing in the
 * file is run. float16 and bfloat16 arrive as float32, integers as int32; `Module.loadStateDict` casts to what the module has.
 *
 * @throws {FormatError} for a file that is damaged, is something else, or refers to anything but tensors. @throws {DeviceError} if the device
 * was not opened.
 * @example
 * model.loadStateDict(load(await readFile('model.pt')))
 */
export function load(bytes: Uint8Array, options: FileOptions = {}): Map<string, Tensor> {
  return new Map([...readStateDict(bytes)].map(([name, found]) => [name, fromNamedTensor(found, options)]))
}

export function fromNamedTensor({ data, shape, dtype }: NamedTensor, options: FileOptions): Tensor {
  return tensor(data, { ...options, shape, dtype })
}
