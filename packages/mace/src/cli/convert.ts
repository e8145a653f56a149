import { AtomicFile } from '../node/atomic-file.ts'
import type { CliContext } from './context.ts'
import { writeText } from './output.ts'

/** `equivar convert`: from every layout of model files that is read to the project's own format. */
export async function convertFile(path: string, target: string, context: CliContext): Promise<void> {
  const definition = await context.models.inspect(path, { signal: context.signal })
  const bytes = context.models.serialize(definition)
  const file = await AtomicFile.create(target)
  try {
    await file.write(bytes)
    context.signal.throwIfAborted()
    await file.commit()
  } finally {
    await file.discard()
  }
  await writeText(context.stdout, `wrote ${target} (${(bytes.length / 1e6).toFixed(2)} MB)\n`)
}
