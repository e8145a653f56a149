export { readModelFile } from './read-model.ts'
