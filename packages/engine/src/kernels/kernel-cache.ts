import type * as kernels from '@equivar/core/kernels'

const known = new Map<string, kernels.Kernel>()

/** A kernel that is made once; the text says all of its structure. Sizes are parameters of launches, so there are few kernels. */
export function kernelOnce(structure: string, make: () => kernels.Kernel): kernels.Kernel {
  let kernel = known.get(structure)
  if (!kernel) known.set(structure, (kernel = make()))
  return kernel
}
