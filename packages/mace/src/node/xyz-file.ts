import { createReadStream } from 'node:fs'
import { readXyz, type Structure, type XyzOptions } from '../structures/index.ts'

/**
 * {@link readXyz} from a file of this machine, never whole in memory. Node only.
 *
 * @throws XyzError for a malformed file, and Node's own error where the file cannot be opened.
 */
export async function* readXyzFile(path: string, options: XyzOptions = {}): AsyncGenerator<Structure, void, undefined> {
  const stream = createReadStream(path, { highWaterMark: 2 ** 18 })
  try {
    yield* readXyz(stream, options)
  } finally {
    stream.destroy()
  }
}
