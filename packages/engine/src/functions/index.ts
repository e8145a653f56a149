export type { Operand } from './operands.ts'
export * from './elementwise.ts'
export * from './structure.ts'
