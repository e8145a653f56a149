import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * Runs `work` while holding a lock file, so that two commands started at once do not build the same thing twice.
 * A lock whose owner is no longer alive is taken over.
 *
 * @template T
 * @param {string} path
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(path, work) {
  mkdirSync(dirname(path), { recursive: true })
  while (!acquire(path)) await delay(200)
  try {
    return await work()
  } finally {
    rmSync(path, { force: true })
  }
}

/** @param {string} path */
function acquire(path) {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error
  }
  if (!ownerIsAlive(path)) rmSync(path, { force: true })
  return false
}

/** @param {string} path */
function ownerIsAlive(path) {
  try {
    const owner = Number(readFileSync(path, 'utf8'))
    // An empty file belongs to an owner that is between creating and writing it.
    if (owner === 0) return true
    process.kill(owner, 0)
    return true
  } catch (error) {
    // EPERM: someone else's process; ENOENT: the lock was given back meanwhile, and the next try may take it.
    return /** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH'
  }
}
