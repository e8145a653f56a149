import { fileURLToPath } from 'node:url'

const example = new URL('../../../../examples/aspirin/', import.meta.url)

/** Where the models and configurations of the example lie. */
export const exampleModels = fileURLToPath(new URL('models', example))
export const exampleStructures = fileURLToPath(new URL('frames.xyz', example))
