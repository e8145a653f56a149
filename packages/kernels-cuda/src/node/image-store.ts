import { openCodeStore } from '@equivar/core/node'
import type { ImageStore } from '../device/image-store.ts'

const maxBytes = 2 ** 28
const encoder = new TextEncoder()

/**
 * Where compiled code is kept for later processes: `kernels-cuda` in the folder given, in `EQUIVAR_CACHE_DIR` (`off`: none), or in
 * `equivar` among the user's caches; `null` if there is no place.
 */
export function openImageStore(folder?: string): ImageStore | null {
  const store = openCodeStore('kernels-cuda', maxBytes, folder)
  return store && { read: (key) => store.read(encoder.encode(key)), write: (key, image) => store.write(encoder.encode(key), image) }
}
