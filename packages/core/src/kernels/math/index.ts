export * from './exponential.ts'
export * from './logarithm.ts'
export * from './power.ts'
export * from './trigonometry.ts'
