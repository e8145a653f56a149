import { FormatError } from '@equivar/core'
import { describe, findStateDict, PickleObject, TorchArchive } from '@equivar/files/readers'
import type { MaceDefinition } from '../definition.ts'
import { maceGlobals } from './modules/globals.ts'
import { readModel } from './modules/model.ts'

/**
 * The definition in the bytes of a `.model` file of mace-torch, a module pickled by `torch.save`.
 *
 * @throws {FormatError} naming what is damaged or not understood; for a training checkpoint, with what to use instead.
 */
export function readModelFile(bytes: Uint8Array): MaceDefinition {
  const insteadOfScript = 'use the .model file that mace_run_train wrote beside it, not *_compiled.model or *-lammps.pt'
  const archive = new TorchArchive(bytes, { globals: maceGlobals, insteadOfScript })
  const { root } = archive
  if (root instanceof PickleObject) return readModel(root, archive)
  if (findStateDict(root))
    throw new FormatError(
      'model: this file holds only the numbers of a model (a state dict or training checkpoint), not what the model is; load the .model file of the same run, or pass its definition as template to readTrainingCheckpoint',
    )
  throw new FormatError(`model: the file holds ${describe(root)}, not a model`)
}
