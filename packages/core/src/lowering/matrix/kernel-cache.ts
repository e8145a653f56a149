import type { Kernel } from '../../kernels/index.ts'

const kernels = new Map<string, Kernel>()

/** The kernel for options that are plain data: made once. There are few of them, for sizes are parameters. */
export function cachedKernel<O extends object>(name: string, options: O, make: (options: O) => Kernel): Kernel {
  const key = `${name} ${JSON.stringify(options)}`
  const known = kernels.get(key)
  if (known) return known
  const made = make(options)
  kernels.set(key, made)
  return made
}
