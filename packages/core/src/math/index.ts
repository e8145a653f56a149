export * from './host-array.ts'
