/// <reference types="@webgpu/types" />
import type { FoundGpu } from '../device/platform.ts'

let found: Promise<FoundGpu> | undefined

/** WebGPU by Dawn, from the npm package `webgpu` if it is installed. One instance for the process: it loads the drivers. */
export function findGpu(): Promise<FoundGpu> {
  found ??= load()
  return found
}

async function load(): Promise<FoundGpu> {
  try {
    const { create } = await import('webgpu')
    return { gpu: create([]) }
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    const isAbsent = /cannot find (?:package|module) '?webgpu/i.test(text)
    return { reason: isAbsent ? "Node has no WebGPU of its own; install the npm package 'webgpu' (Dawn)" : `the npm package 'webgpu' cannot be loaded: ${text}` }
  }
}

/** `EQUIVAR_WEBGPU_SOFTWARE=1` allows graphics cards that are none. */
export function allowsSoftware(): boolean {
  return process.env['EQUIVAR_WEBGPU_SOFTWARE'] === '1'
}
