export type * from './explain.ts'
export type * from './plan.ts'
export type * from './request.ts'
export * from './matrix/index.ts'
