import { DtypeError } from '@equivar/core'
import { writeSafetensors, type NamedTensor } from '@equivar/files'
import type { Tensor } from '../tensor/tensor.ts'

/**
 * The tensors of a state as the bytes of a safetensors file, under their names: what {@link load} and the safetensors libraries of other
 * languages read. Texts beside them go into `metadata`.
 *
 * @throws {DtypeError} (as a rejection) for a tensor of uint32, which such files do not hold.
 * @example
 * await writeFile('model.safetensors', await save(model.stateDict()))
 */
export async function save(state: Iterable<readonly [name: string, tensor: Tensor]>, metadata?: ReadonlyMap<string, string>): Promise<Uint8Array<ArrayBuffer>> {
  const entries = await Promise.all([...state].map(async ([name, tensor]) => [name, await toNamedTensor(name, tensor)] as const))
  return writeSafetensors(new Map(entries), metadata)
}

async function toNamedTensor(name: string, tensor: Tensor): Promise<NamedTensor> {
  const { dtype, shape } = tensor
  if (dtype === 'uint32') throw new DtypeError(`save: '${name}' is ${tensor.toString()}; files hold float64, float32, int32 and bool, convert it with .to('int32')`)
  const data = await tensor.data()
  if (data instanceof Uint32Array) throw new DtypeError(`save: '${name}' has elements of uint32`)
  return { dtype, shape, data }
}
