import { FormatError, onDiagnostic, use } from '@equivar/core'
import { createCpu } from '@equivar/kernels-cpu'
import { Calculator } from '../calculator.ts'
import { loadDefinition } from '../load/index.ts'
import { Mace } from '../mace.ts'
import type { ChebyshevForces } from '../model/radial.ts'
import { writeDefinition } from '../tensorfile/definition-file.ts'
import type { CliLoadOptions, ModelFiles } from './context.ts'

/** Models of this library, whose faults are told with the name of the file. */
export const modelFiles: ModelFiles = {
  load: (path, options) => loadModel(path, options),
  calculator: async (path, { head, ...options }) => new Calculator(await loadModel(path, options, 'exact'), { head }),
  inspect: (path, options) => namingFile(path, () => loadDefinition(path, options)),
  serialize: writeDefinition,
}

async function loadModel(path: string, { backend, threads, chosen, ...options }: CliLoadOptions, chebyshevForces?: ChebyshevForces): Promise<Mace> {
  if (threads !== undefined) use(createCpu({ threads }))
  const stop = onDiagnostic(({ message }) => {
    if (backend === 'auto') chosen?.(message)
  })
  try {
    return await namingFile(path, () => Mace.load(path, { ...options, device: backend, chebyshevForces }))
  } finally {
    stop()
  }
}

async function namingFile<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof FormatError) throw new FormatError(`${path}: ${error.message}`, { cause: error })
    throw error
  }
}
