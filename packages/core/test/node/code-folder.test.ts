import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cachePath } from '../../src/node/cache-path.ts'
import { CodeFolder } from '../../src/node/code-folder.ts'

const maxBytes = 2 ** 20
let base = ''
let folder = ''
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'equivar-code-'))
  folder = join(base, 'a', 'b')
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

const bytes = (...numbers: readonly number[]) => Uint8Array.from(numbers)
const files = () => readdirSync(folder).map((name) => join(folder, name))
const [key, code] = [bytes(1, 2, 3), bytes(9, 8, 7, 6)]

/** The only file, with other bytes in it. */
function spoil(change: (content: Uint8Array) => Uint8Array): void {
  const [path = ''] = files()
  writeFileSync(path, change(readFileSync(path)))
}

describe('a folder of code', () => {
  it('gives back what was written, for the same key only', () => {
    const store = new CodeFolder(folder, maxBytes)
    expect(store.read(key)).toBe(null)
    store.write(key, code)
    for (const reader of [store, new CodeFolder(folder, maxBytes)]) {
      expect(reader.read(key)).toEqual(code)
      expect(reader.read(bytes(1, 2))).toBe(null)
    }
  })

  it('belongs to the user alone, files as well', () => {
    new CodeFolder(folder, maxBytes).write(key, code)
    expect([folder, ...files()].map((path) => statSync(path).mode & 0o077)).toEqual([0, 0])
  })

  it.each([
    ['empty', () => bytes()],
    ['shorter', (content: Uint8Array) => content.subarray(0, -1)],
    ['longer', (content: Uint8Array) => bytes(...content, 0)],
    ['changed in its code', (content: Uint8Array) => content.with(0, 1)],
    ['changed in its digest', (content: Uint8Array) => content.with(content.length - 1, (content.at(-1) ?? 0) ^ 1)],
    ['of something else', () => new TextEncoder().encode('something that is long enough to have a digest at its end')],
  ])('does not give a file that is %s, and replaces it', (_how, change) => {
    new CodeFolder(folder, maxBytes).write(key, code)
    spoil(change)
    const store = new CodeFolder(folder, maxBytes)
    expect(store.read(key)).toBe(null)
    store.write(key, code)
    expect(store.read(key)).toEqual(code)
    expect(files()).toHaveLength(1)
  })

  it('does not give what was written for another key', () => {
    const store = new CodeFolder(folder, maxBytes)
    store.write(key, code)
    const [first = ''] = files()
    store.write(bytes(4), bytes(5, 5))
    const second = files().find((path) => path !== first) ?? ''
    writeFileSync(second, readFileSync(first))
    expect(store.read(bytes(4))).toBe(null)
  })

  it('keeps the newest files up to its size, and removes what died half written', () => {
    const store = new CodeFolder(folder, 1000)
    for (let k = 0; k < 10; k++) {
      store.write(bytes(k), new Uint8Array(200))
      for (const path of files()) if (Date.now() - statSync(path).mtimeMs < 5000) utimesSync(path, 1e9 + k, 1e9 + k)
    }
    expect(files().length).toBeLessThanOrEqual(4)
    expect(store.read(bytes(9))).toEqual(new Uint8Array(200))
    expect(store.read(bytes(0))).toBe(null)
    const [old, young] = [join(folder, 'x.part'), join(folder, 'y.part')]
    for (const path of [old, young]) writeFileSync(path, '')
    utimesSync(old, 1e9, 1e9)
    store.write(bytes(11), new Uint8Array(200))
    expect(files()).not.toContain(old)
    expect(files()).toContain(young)
  })

  it('is not there, where it cannot be', () => {
    const file = join(base, 'file')
    writeFileSync(file, '')
    for (const path of [file, join(file, 'inside'), '/proc/equivar/none', '\0']) {
      const store = new CodeFolder(path, maxBytes)
      expect(store.read(key)).toBe(null)
      store.write(key, code)
      store.write(key, code)
      expect(store.read(key)).toBe(null)
    }
    expect(readFileSync(file)).toHaveLength(0)
  })

  it.skipIf(process.platform === 'win32')('is left alone, if others can write to it', () => {
    new CodeFolder(folder, maxBytes).write(key, code)
    chmodSync(folder, 0o777)
    const store = new CodeFolder(folder, maxBytes)
    expect(store.read(key)).toBe(null)
    store.write(bytes(5), code)
    expect(files()).toHaveLength(1)
  })

  it.skipIf(process.platform === 'win32' || process.getuid?.() === 0)('is read, if it cannot be written', () => {
    new CodeFolder(folder, maxBytes).write(key, code)
    chmodSync(folder, 0o500)
    const store = new CodeFolder(folder, maxBytes)
    store.write(bytes(5), code)
    expect(store.read(key)).toEqual(code)
    expect(store.read(bytes(5))).toBe(null)
  })

  it('that appears later is used', () => {
    const store = new CodeFolder(folder, maxBytes)
    expect(store.read(key)).toBe(null)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    store.write(key, code)
    expect(store.read(key)).toEqual(code)
  })
})

describe('the folder of caches', () => {
  it('is asked for, or where the system keeps such', () => {
    expect(cachePath({ EQUIVAR_CACHE_DIR: '/x', XDG_CACHE_HOME: '/y' }, 'linux')).toBe('/x')
    expect(cachePath({ EQUIVAR_CACHE_DIR: 'off', XDG_CACHE_HOME: '/y' }, 'linux')).toBe(null)
    expect(cachePath({ EQUIVAR_CACHE_DIR: '', XDG_CACHE_HOME: '/y' }, 'linux')).toBe(join('/y', 'equivar'))
    expect(cachePath({ XDG_CACHE_HOME: 'relative' }, 'linux')).toBe(join(homedir(), '.cache', 'equivar'))
    expect(cachePath({}, 'darwin')).toBe(join(homedir(), '.cache', 'equivar'))
    expect(cachePath({ LOCALAPPDATA: '/z' }, 'win32')).toBe(join('/z', 'equivar', 'cache'))
    expect(cachePath({}, 'win32')).toBe(null)
  })
})
