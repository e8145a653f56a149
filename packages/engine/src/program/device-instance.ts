import type { BackendDevice } from '@equivar/core'
import type { ProgramGraph } from './graph.ts'
import { hostInstance } from './host-instance.ts'
import type { Instance } from './instance.ts'

export function deviceInstance(graph: ProgramGraph, _backend: BackendDevice, _checksIndices: boolean): Instance {
  return hostInstance(graph)
}
