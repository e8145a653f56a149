export { readDefinition, writeDefinition } from './definition-file.ts'
