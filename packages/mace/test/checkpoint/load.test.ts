import { FormatError, InputError } from '@equivar/core'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readModelFile } from '../../src/checkpoint/index.ts'
import { loadBytes, loadDefinition, type LoadProgress, type ModelSource } from '../../src/load/index.ts'
import { openFile as openInBrowser } from '../../src/load/platform.ts'
import { writeDefinition } from '../../src/tensorfile/index.ts'
import { fixture } from './files.ts'

const bytes = fixture('layers_1.model')
const expected = readModelFile(bytes)
const sha256 = createHash('sha256').update(bytes).digest('hex')

function stream(chunk = 1000): ReadableStream<Uint8Array> {
  return new Blob([bytes]).stream().pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(value, controller) {
        for (let k = 0; k < value.length; k += chunk) controller.enqueue(value.subarray(k, k + chunk))
      },
    }),
  )
}

describe('loadDefinition', () => {
  let folder = ''
  let path = ''
  let server: Server
  let origin = ''

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'equivar-load-'))
    path = join(folder, 'some model.pt')
    writeFileSync(path, bytes)
    server = createServer((request, response) => {
      if (request.url === '/model') response.writeHead(200, { 'content-length': bytes.length }).end(bytes)
      else if (request.url === '/slow') response.writeHead(200).write(bytes.subarray(0, 1000))
      else response.writeHead(404).end('not here')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })

  afterAll(() => {
    rmSync(folder, { recursive: true })
    server.closeAllConnections()
    server.close()
  })

  it('reads every kind of source', async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length))
    shared.set(bytes)
    const padded = new Uint8Array(bytes.length + 8)
    padded.set(bytes, 3)
    const sources: readonly ModelSource[] = [
      path, pathToFileURL(path), `${origin}/model`, new URL(`${origin}/model`), new Blob([bytes]), bytes.buffer, bytes, Buffer.from(bytes), new DataView(bytes.buffer),
      shared, padded.subarray(3, 3 + bytes.length), stream(),
    ]
    for (const source of sources) expect((await loadDefinition(source)).architecture).toEqual(expected.architecture)
  })

  it('tells the formats by their content', async () => {
    const own = writeDefinition(expected)
    for (const content of [gzipSync(bytes), own, gzipSync(own)]) expect(await loadDefinition(content)).toEqual(expected)
    expect(await loadBytes(gzipSync(own))).toEqual(own)
  })

  it('reports progress', async () => {
    for (const [source, total] of [[path, bytes.length], [`${origin}/model`, bytes.length], [new Blob([bytes]), bytes.length], [stream(), undefined], [bytes, bytes.length]] as const) {
      const reports: LoadProgress[] = []
      await loadDefinition(source, { onProgress: (progress) => reports.push(progress) })
      expect(reports.at(-1)).toEqual({ loadedBytes: bytes.length, totalBytes: total })
      expect(reports.every(({ loadedBytes }, k) => loadedBytes >= (reports[k - 1]?.loadedBytes ?? 0))).toBe(true)
    }
  })

  it('verifies the digest', async () => {
    await expect(loadDefinition(path, { sha256 })).resolves.toEqual(expected)
    await expect(loadDefinition(path, { sha256: sha256.toUpperCase() })).resolves.toEqual(expected)
    const other = '0'.repeat(64)
    await expect(loadDefinition(path, { sha256: other })).rejects.toThrow(new RegExp(`is ${sha256}, expected ${other}`))
    await expect(loadDefinition(path, { sha256: 'abc' })).rejects.toThrow(InputError)
  })

  it('refuses what is longer than it may be, before reading it where the length is known', async () => {
    const maxBytes = bytes.length - 1
    for (const source of [path, `${origin}/model`, new Blob([bytes]), stream(), bytes]) await expect(loadDefinition(source, { maxBytes })).rejects.toThrow(/at most .* are accepted/)
    await expect(loadDefinition(gzipSync(bytes), { maxBytes })).rejects.toThrow(FormatError)
    await expect(loadDefinition(path, { maxBytes: bytes.length })).resolves.toEqual(expected)
    await expect(loadDefinition(path, { maxBytes: -1 })).rejects.toThrow(InputError)
  })

  it('ends when it is aborted: before, between chunks, and while a server is silent', async () => {
    const reason = new Error('enough')
    await expect(loadDefinition(path, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const controller = new AbortController()
    await expect(loadDefinition(stream(), { signal: controller.signal, onProgress: () => controller.abort(reason) })).rejects.toBe(reason)
    const silent = new AbortController()
    const loading = loadDefinition(`${origin}/slow`, { signal: silent.signal, onProgress: () => setTimeout(() => silent.abort(reason), 20) })
    await expect(loading).rejects.toBe(reason)
    const never = new AbortController()
    setTimeout(() => never.abort(reason), 20)
    await expect(loadDefinition(new ReadableStream<Uint8Array>(), { signal: never.signal })).rejects.toBe(reason)
  })

  it('says what cannot be opened', async () => {
    await expect(loadDefinition(join(folder, 'absent.model'))).rejects.toThrow(/absent\.model' cannot be read: there is no such file/)
    await expect(loadDefinition(folder)).rejects.toThrow(/is not a file/)
    await expect(loadDefinition(`${origin}/absent`)).rejects.toThrow(/answered 404/)
    await expect(loadDefinition('http://127.0.0.1:1/')).rejects.toThrow(/cannot be fetched/)
    await expect(loadDefinition(3 as unknown as string)).rejects.toThrow(/expected a path, URL/)
    await expect(loadDefinition(new ReadableStream<string>({ start: (controller) => controller.enqueue('text') }) as never)).rejects.toThrow(/other than bytes/)
    await expect(openInBrowser('model.pt')).rejects.toThrow(/only Node can open/)
  })
})
