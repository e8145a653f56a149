import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openImageStore as openWithoutNode } from '../../src/native/no-addon.ts'
import { openImageStore } from '../../src/node/image-store.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'equivar-images-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('keeps images by their keys, in a folder of its own', () => {
  const image = Uint8Array.of(0x7f, 1, 2)
  openImageStore(folder)?.write('driver, device, text', image)
  expect(readdirSync(folder)).toEqual(['kernels-cuda'])
  expect(openImageStore(folder)?.read('driver, device, text')).toEqual(image)
  expect(openImageStore(folder)?.read('driver, other device, text')).toBe(null)
})

it('keeps nothing where there is no Node', () => {
  expect(openWithoutNode()).toBe(null)
})
