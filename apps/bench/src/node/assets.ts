import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseXyz, writeDefinition } from '@equivar/mace'
import { MissingAssetError, type Assets } from '../cases/seeded.ts'

/** MACE models with random weights of published sizes, by the irreps of their features; the elements of the organic molecules among them. */
const wideModels: Readonly<Record<string, { readonly channels: number; readonly maxL: number }>> = {
  '64x0e+64x1o': { channels: 64, maxL: 1 },
  '128x0e': { channels: 128, maxL: 0 },
  '128x0e+128x1o': { channels: 128, maxL: 1 },
}
const elements = ['H', 'C', 'N', 'O', 'F', 'P', 'S', 'Cl', 'Br', 'I']

async function wideModel(name: string): Promise<Uint8Array | null> {
  const size = wideModels[name]
  if (!size) return null
  const { createDefinition } = await import('@equivar/mace/torchlike')
  return writeDefinition(createDefinition({ ...size, elements, avgNumNeighbors: 50, dtype: 'float32' }))
}

/** Models in a folder, as `.model` or compressed, or of published sizes with random weights; and configurations from an extended XYZ. */
export function folderAssets(models: string, structures: string): Assets {
  return {
    async model(name) {
      const paths = ['model', 'model.gz', 'safetensors'].map((ending) => join(models, `${name}.${ending}`))
      const found = paths.find((path) => existsSync(path))
      const made = found === undefined ? await wideModel(name) : null
      if (made) return made
      if (found === undefined) throw new MissingAssetError(`the folder of --models has no model ${name}; mace-torch in an environment of --python makes it`)
      return new Uint8Array(readFileSync(found))
    },
    async aspirins() {
      return parseXyz(readFileSync(structures, 'utf8'))
    },
  }
}
