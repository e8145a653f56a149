export { emit } from './emit.ts'
export { supportsRelaxedSimd } from './features.ts'
export { argumentLayout, type ArgumentLayout, sharedBytes } from './layout.ts'
