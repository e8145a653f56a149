import { FormatError, onDiagnostic, use } from '@equivar/core'
import { createCpu } from '@equivar/kernels-cpu'
import { loadDefinition } from '../load/index.ts'
import { Mace } from '../mace.ts'
import { writeDefinition } from '../tensorfile/definition-file.ts'
import type { ModelFiles } from './context.ts'

/** Models of this library, whose faults are told with the name of the file. */
export const modelFiles: ModelFiles = {
  load: async (path, { backend, threads, chosen, ...options }) => {
    if (threads !== undefined) use(createCpu({ threads }))
    const stop = onDiagnostic(({ message }) => {
      if (backend === 'auto') chosen?.(message)
    })
    try {
      return await namingFile(path, () => Mace.load(path, { ...options, device: backend }))
    } finally {
      stop()
    }
  },
  inspect: (path, options) => namingFile(path, () => loadDefinition(path, options)),
  serialize: writeDefinition,
}

async function namingFile<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof FormatError) throw new FormatError(`${path}: ${error.message}`, { cause: error })
    throw error
  }
}
