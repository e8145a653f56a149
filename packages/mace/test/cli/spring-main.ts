// The command line as a process, with the spring model in the place of real files: `slow.model` takes its time.
import type { ModelFiles } from '../../src/cli/context.ts'
import { runProcess } from '../../src/cli/process.ts'
import { definition, springCalculator, springModel } from './support.ts'

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
  // Paced, so that whoever waits for its words can stop it on the way.
  calculator: async (path) =>
    springCalculator(async () => {
      if (!path.includes('slow')) return
      process.stderr.write('working\n')
      await new Promise((resolve) => setTimeout(resolve, 5))
    }),
  inspect: async () => definition,
  serialize: () => new Uint8Array(1),
}

await runProcess(models)
