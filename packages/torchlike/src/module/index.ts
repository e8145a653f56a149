export { Buffer, Parameter, type BufferOptions } from './parameter.ts'
export { Module } from './module.ts'
export type { LoadOptions, LoadReport, StateDict } from './state-dict.ts'
export { ModuleList, ParameterList, Sequential, type Layer } from './containers.ts'
