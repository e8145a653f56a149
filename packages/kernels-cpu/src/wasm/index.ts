export { emit, type EmitOptions } from './emit.ts'
export { supportsRelaxedSimd } from './features.ts'
export { argumentLayout, type ArgumentLayout, sharedBytes } from './layout.ts'
export { emitterVersion } from './version.ts'
