import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** The garbage collector, which is only there on request. */
export function collector(): () => void {
  setFlagsFromString('--expose-gc')
  const gc: unknown = runInNewContext('gc')
  if (typeof gc !== 'function') throw new Error('no collector')
  return () => void Reflect.apply(gc, undefined, [])
}

/** Waits for finalisers, which run some time after a collection. */
export async function collected(gc: () => void, isDone: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 100 && !isDone(); attempt++) {
    gc()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
