import { join } from 'node:path'
import type { CodeStore } from '../backend/code-store.ts'
import { cachePath } from './cache-path.ts'
import { CodeFolder } from './code-folder.ts'

/**
 * Where a package keeps the code of kernels for later processes: a folder of its name in the folder given, or where the user's caches
 * are; `null` if there is no place.
 *
 * @param maxBytes how much may be in it.
 */
export function openCodeStore(name: string, maxBytes: number, folder?: string): CodeStore | null {
  const path = folder ?? cachePath()
  return path === null ? null : new CodeFolder(join(path, name), maxBytes)
}
