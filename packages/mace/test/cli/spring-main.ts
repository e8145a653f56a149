// The command line as a process, with the spring model in the place of real files: `slow.model` takes its time.
import type { ModelFiles } from '../../src/cli/context.ts'
import { runProcess } from '../../src/cli/process.ts'
import { definition, springModel } from './support.ts'

const models: ModelFiles = {
  load: async (path) => {
    const model = springModel()
    if (!path.includes('slow')) return model
    return {
      ...model,
      evaluate: async (structures, options) => {
        process.stderr.write('working\n')
        await new Promise((resolve) => setTimeout(resolve, 50))
        return model.evaluate(structures, options)
      },
    }
  },
  inspect: async () => definition,
  serialize: () => new Uint8Array(1),
}

await runProcess(models)
