import { FormatError, InputError } from '@equivar/core'
import { isSafetensors } from '@equivar/files'
import { gunzip, isGzip } from '@equivar/files/readers'
import { readModelFile } from '../checkpoint/read-model.ts'
import type { MaceDefinition } from '../definition.ts'
import { readDefinition } from '../tensorfile/definition-file.ts'
import { readSource, type LoadProgress, type ModelSource } from './source.ts'

export interface LoadOptions {
  /** Called as bytes arrive. */
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined
  /** Ends loading; the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Expected SHA-256 of the file as it is stored, 64 hexadecimal digits. */
  readonly sha256?: string | undefined
  /** Longest file accepted, and longest content of a compressed one. By default 1 GiB and 256 MiB. */
  readonly maxBytes?: number | undefined
}

const defaultMaxBytes = 2 ** 30
const defaultMaxInflated = 2 ** 28

/**
 * The definition of a model: from a `.model` file of mace-torch, from one compressed by gzip, or from a file written by
 * `writeDefinition`. What it is shows in its bytes, the name does not matter.
 *
 * @throws {FormatError} when the file is damaged, not understood, too long, or not the one that `sha256` names.
 * @throws {InputError} when the source cannot be opened or an option is out of its domain.
 * @throws the signal's reason once it is aborted.
 */
export async function loadDefinition(source: ModelSource, options: LoadOptions = {}): Promise<MaceDefinition> {
  return parseDefinition(await readVerified(source, options), options)
}

/** The bytes of a source after decompression, verified like those of {@link loadDefinition}: for `.pt` checkpoints. */
export async function loadBytes(source: ModelSource, options: LoadOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
  return inflate(await readVerified(source, options), options)
}

async function readVerified(source: ModelSource, { sha256, maxBytes = defaultMaxBytes, signal, onProgress }: LoadOptions): Promise<Uint8Array<ArrayBuffer>> {
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(sha256)) throw new InputError(`load: sha256 must be 64 hexadecimal digits, it is ${JSON.stringify(sha256.slice(0, 80))}`)
  if (!(Number.isSafeInteger(maxBytes) && maxBytes > 0)) throw new InputError(`load: maxBytes must be a positive integer, it is ${maxBytes}`)
  const bytes = await readSource(source, { signal, onProgress, maxBytes })
  if (sha256 !== undefined) await verifyDigest(bytes, sha256.toLowerCase())
  signal?.throwIfAborted()
  return bytes
}

async function verifyDigest(bytes: Uint8Array<ArrayBuffer>, expected: string): Promise<void> {
  // Browsers offer it to pages served by https or from localhost only.
  const { subtle } = globalThis.crypto as Partial<Crypto>
  if (subtle === undefined) throw new InputError('load: sha256 cannot be verified on a page without https; serve it by https, or leave the option out')
  const digest = new Uint8Array(await subtle.digest('SHA-256', bytes))
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
  if (found !== expected) throw new FormatError(`load: SHA-256 of the file is ${found}, expected ${expected}; it was altered or is another file`)
}

async function inflate(bytes: Uint8Array<ArrayBuffer>, { maxBytes = defaultMaxInflated, signal }: LoadOptions): Promise<Uint8Array<ArrayBuffer>> {
  return isGzip(bytes) ? gunzip(bytes, maxBytes, signal) : bytes
}

async function parseDefinition(stored: Uint8Array<ArrayBuffer>, options: LoadOptions): Promise<MaceDefinition> {
  const bytes = await inflate(stored, options)
  options.signal?.throwIfAborted()
  if (startsWith(bytes, [0x50, 0x4b])) return readModelFile(bytes)
  if (isSafetensors(bytes)) return readDefinition(bytes)
  throw new FormatError(`model: ${unknownContent(bytes)}`)
}

const legacyTorch = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]

function unknownContent(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'the file is empty'
  if (isGzip(bytes)) return 'the file is compressed twice; decompress it once'
  if (startsWith(bytes, legacyTorch)) return "the file is in torch's format of before version 1.6; load it in Python and save it again with torch.save"
  const text = String.fromCharCode(...bytes.subarray(0, 64))
  if (text.startsWith('version https://git-lfs')) return 'the file is a pointer of Git LFS, not the model; fetch it with git lfs pull'
  if (/^\s*<(?:!doctype|html)/i.test(text)) return 'the file is a web page, perhaps an error page saved in place of the model'
  const start = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join(' ')
  return `the file begins with bytes ${start}; expected a .model file of mace-torch or a safetensors file of this library`
}

function startsWith(bytes: Uint8Array, prefix: readonly number[]): boolean {
  return prefix.every((byte, k) => bytes[k] === byte)
}
