export * from './activations.ts'
export * from './normalize.ts'
export * as initializers from './initializers.ts'
