export { readDefinition, writeDefinition } from './definition-file.ts'
export { readSafetensors, writeSafetensors, type SafetensorsContent } from './safetensors.ts'
