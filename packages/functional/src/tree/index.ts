export { registerNode, type NodeType } from './registry.ts'
export { flatten, unflatten, structureText, type TreeStructure } from './structure.ts'
export * from './map.ts'
