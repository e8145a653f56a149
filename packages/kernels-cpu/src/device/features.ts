import { supportsRelaxedSimd } from '../wasm/index.ts'

/** A function that returns a vector, as a module: `i32.const 0; i32x4.splat`. */
const vectorModule = [
  [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  // type 0: no parameters, one v128
  [1, 5, 1, 0x60, 0, 1, 0x7b],
  // function 0 of type 0
  [3, 2, 1, 0],
  // its code
  [10, 8, 1, 6, 0, 0x41, 0, 0xfd, 0x11, 0x0b],
].flat()

/** Why no kernel can run on this host; `null` if they can. */
export function whyUnsupported(): string | null {
  if (typeof WebAssembly === 'undefined') return 'this host has no WebAssembly'
  if (!WebAssembly.validate(new Uint8Array(vectorModule))) return 'WebAssembly of this host has no SIMD; use a newer browser or Node'
  return null
}

/** Why threads cannot share memory on this host; `null` if they can. */
export function whyUnshared(): string | null {
  if (typeof SharedArrayBuffer === 'undefined' || (globalThis as { readonly crossOriginIsolated?: boolean }).crossOriginIsolated === false)
    return 'the page is not cross-origin isolated; serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp'
  return null
}

export { supportsRelaxedSimd }
