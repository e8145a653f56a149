import { moduleBytes } from './module.ts'
import { FunctionWriter } from './function-writer.ts'

let relaxed: boolean | undefined

/** Whether the host compiles relaxed SIMD, which has a multiply-add that rounds once where the hardware does. */
export function supportsRelaxedSimd(): boolean {
  relaxed ??= WebAssembly.validate(tinyModule())
  return relaxed
}

/** A function that multiplies and adds vectors of zeros. */
function tinyModule(): Uint8Array<ArrayBuffer> {
  const writer = new FunctionWriter(['i32', 'i32', 'i32'])
  const zeros = writer.newLocal('v128')
  for (let k = 0; k < 3; k++) writer.get(zeros)
  writer.op('f32x4_relaxed_madd')
  writer.set(zeros)
  return moduleBytes([{ type: { parameters: ['i32', 'i32', 'i32'], results: [] }, body: writer.bytes(), exportName: 'run' }], { sharedMemory: false, maxPages: 1 })
}
