export * as escn from './escn.ts'
export * as gatr from './gatr.ts'
export * as mace from './mace.ts'
