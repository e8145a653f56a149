export * from './create.ts'
export * from './elementwise.ts'
export * from './structure.ts'
export * as linalg from './linalg.ts'
