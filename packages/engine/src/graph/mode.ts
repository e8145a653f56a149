import { InputError } from '@equivar/core'

let recording = true

/** Whether primitives on tracked arrays are remembered at this moment. */
export function isRecording(): boolean {
  return recording
}

/**
 * Runs `f` without recording: results inside are not tracked, whatever their inputs are.
 *
 * @throws {InputError} if `f` returns a promise; the mode holds for synchronous code only.
 */
export function noGrad<R>(f: () => R): R {
  return withRecording(false, f)
}

/** Runs `f` with recording on or off. */
export function withRecording<R>(on: boolean, f: () => R): R {
  const before = recording
  recording = on
  try {
    const result = f()
    if (result instanceof Promise) throw new InputError('noGrad: the function returned a promise; await outside of it')
    return result
  } finally {
    recording = before
  }
}
