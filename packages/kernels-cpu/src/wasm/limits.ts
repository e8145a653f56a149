import { KernelError } from '@equivar/core'

/** Largest body of a function that engines accept. */
const mostBytes = 7_654_321

/** @throws {KernelError} if code is larger than any host compiles. */
export function requireCompilable(kernelName: string, byteLength: number): void {
  if (byteLength > mostBytes)
    throw new KernelError(`kernel '${kernelName}' takes ${byteLength} bytes of WebAssembly, but hosts compile ${mostBytes} at most; split it, or use fewer lanes`)
}
