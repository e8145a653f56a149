export * from './structures/index.ts'
