import { InputError } from '@equivar/core'
import type { CliContext, CliLoadOptions } from './context.ts'
import { writeText } from './output.ts'
import { openStructures } from './structure-files.ts'

export interface ExplainOptions extends Omit<CliLoadOptions, 'signal' | 'chosen'> {
  readonly json: boolean
}

/** `equivar explain`: which operations and kernels evaluate the first structure of a file. */
export async function explainFile(modelPath: string, structuresPath: string, { json, ...load }: ExplainOptions, context: CliContext): Promise<void> {
  const { signal } = context
  const chosen = (line: string) => void context.stderr.write(`equivar: ${line}\n`)
  const model = await context.models.load(modelPath, { ...load, signal, chosen })
  const file = await openStructures(structuresPath, model.definition.architecture.atomicNumbers, {}, context)
  for await (const { structure } of file.read()) {
    const explanation = await model.explain([structure], { signal })
    const { steps, flops, bytes } = explanation
    await writeText(context.stdout, json ? `${JSON.stringify({ steps, flops, bytes }, null, 2)}\n` : `${explanation.toString()}\n`)
    return
  }
  throw new InputError(`${structuresPath}: there is no structure to explain the evaluation of`)
}
