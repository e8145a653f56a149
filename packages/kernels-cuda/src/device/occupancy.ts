import type { PtxModule } from '../ptx/index.ts'
import type { DeviceProperties } from '../native/driver.ts'

/** Threads of a multiprocessor that hide how long memory takes, the most first; more of them than the first do not help. */
const manyThreads = [768, 512, 384, 256]
/** Shared memory of a block that the system takes. */
const reservedBytes = 1024
/** Text of formulas that fill the registers of a thread anyway: each try to limit them would take a compiler seconds. */
const longText = 2 ** 19

/** Blocks of a multiprocessor at the same time that are worth asking for, one after another: as many as there is shared memory for. */
export function blocksToAskFor(
  { sharedBytesPerMultiprocessor, warpSize }: Pick<DeviceProperties, 'sharedBytesPerMultiprocessor' | 'warpSize'>,
  { text, shape, sharedBytes }: Pick<PtxModule, 'text' | 'shape' | 'sharedBytes'>,
): readonly number[] {
  // Programs that are less than a warp are small.
  if (shape.threads < warpSize || text.length > longText) return []
  const threadsOfBlock = shape.threads * shape.programs
  const fitting = Math.floor(sharedBytesPerMultiprocessor / (sharedBytes + reservedBytes))
  return [...new Set(manyThreads.map((threads) => Math.min(fitting, Math.floor(threads / threadsOfBlock))))].filter((blocks) => blocks > 1)
}
