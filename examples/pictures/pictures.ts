import { fileURLToPath } from 'node:url'
import { harmonicsPicture } from './harmonics.ts'
import { layersPicture } from './layers.ts'
import { layoutsPicture } from './layouts.ts'
import { pathsPicture } from './paths.ts'

/** Where the documentation has its pictures. */
export const picturesFolder = fileURLToPath(new URL('../../docs/pictures/', import.meta.url))

/** Every picture by its file name. */
export function pictures(): Readonly<Record<string, string>> {
  return {
    'harmonics.svg': harmonicsPicture(),
    'layouts.svg': layoutsPicture(),
    'paths.svg': pathsPicture(),
    'packages.svg': layersPicture(fileURLToPath(new URL('../../packages/', import.meta.url))),
  }
}
