import { readStateDict as read, type NamedTensor } from '@equivar/files'
import { maceGlobals } from './modules/globals.ts'

/**
 * The tensors of a file by their state-dict keys: of a state dict, a training checkpoint (its `model`), a pickled module
 * or a safetensors file. Small floats arrive widened to float32, integers as int32.
 *
 * @throws {FormatError} when the file is damaged or holds something else.
 */
export function readStateDict(bytes: Uint8Array): ReadonlyMap<string, NamedTensor> {
  return read(bytes, { globals: maceGlobals })
}
