import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseXyz } from '@equivar/mace'
import { MissingAssetError, type Assets } from '../cases/seeded.ts'

const example = new URL('../../../../examples/aspirin/', import.meta.url)

/** Where the models and configurations of the example lie. */
export const exampleModels = fileURLToPath(new URL('models', example))
export const exampleStructures = fileURLToPath(new URL('frames.xyz', example))

/** Models in a folder, as `.model` or compressed, and configurations from an extended XYZ. */
export function folderAssets(models: string, structures: string): Assets {
  return {
    async model(name) {
      const paths = ['model', 'model.gz', 'safetensors'].map((ending) => join(models, `${name}.${ending}`))
      const found = paths.find((path) => existsSync(path))
      if (found === undefined) throw new MissingAssetError(`the folder of --models has no model ${name}; mace-torch in an environment of --python makes it`)
      return new Uint8Array(readFileSync(found))
    },
    async aspirins() {
      return parseXyz(readFileSync(structures, 'utf8'))
    },
  }
}
