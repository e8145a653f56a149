export { type BufferPlace, type BufferPlaces, placesKey, separatePlaces } from './bindings.ts'
export { type PrintedKernel, printWgsl } from './print.ts'
