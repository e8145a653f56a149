export { readXyzFile } from './xyz-file.ts'
