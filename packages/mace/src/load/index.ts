export { loadBytes, loadDefinition, type LoadOptions } from './load-definition.ts'
export type { LoadProgress, ModelSource } from './source.ts'
