/// <reference types="@webgpu/types" />

/** WebGPU of this host, or why there is none and what would help. */
export type FoundGpu = { readonly gpu: GPU } | { readonly reason: string }

/** Browsers bring it along; Node gets `node/platform.ts` instead of this module. */
export async function findGpu(): Promise<FoundGpu> {
  // Absent in browsers that have none, whatever the types say.
  const { gpu } = navigator as { readonly gpu?: GPU }
  if (gpu) return { gpu }
  if (!isSecureContext) return { reason: 'WebGPU is for secure pages only; serve the page by https, or from localhost' }
  return { reason: 'this browser has no WebGPU; use a newer one, or switch it on in its settings' }
}

/** Whether the user allows graphics cards that are none, by the environment; in browsers there is none. */
export const allowsSoftware = (): boolean => false
