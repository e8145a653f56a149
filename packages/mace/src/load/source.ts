import { FormatError, InputError } from '@equivar/core'
import { openFile } from '#platform'

/**
 * Where a model comes from. A string is a path in Node, and a URL only when it begins with `http://` or `https://`;
 * nothing else is ever fetched.
 */
export type ModelSource = string | URL | Blob | ArrayBuffer | ArrayBufferView | ReadableStream<Uint8Array>

export interface LoadProgress {
  readonly loadedBytes: number
  /** Length of the whole, where it is known. */
  readonly totalBytes: number | undefined
}

export interface ReadOptions {
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined
  /** Ends reading; the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  readonly maxBytes: number
}

interface Opened {
  readonly size: number | undefined
  readonly chunks: AsyncIterable<Uint8Array>
}

/**
 * All bytes of a source. Bytes in memory are not copied.
 *
 * @throws {InputError} when the source cannot be opened, {@link FormatError} when it is longer than `maxBytes`.
 */
export async function readSource(source: ModelSource, options: ReadOptions): Promise<Uint8Array<ArrayBuffer>> {
  const { signal, onProgress, maxBytes } = options
  signal?.throwIfAborted()
  if (isInMemory(source)) {
    const bytes = bytesOf(source)
    checkLength(bytes.length, maxBytes)
    onProgress?.({ loadedBytes: bytes.length, totalBytes: bytes.length })
    return bytes
  }
  const { size, chunks } = await openSource(source, signal)
  return collect(chunks, size, options)
}

function isInMemory(source: ModelSource): source is ArrayBuffer | ArrayBufferView {
  return source instanceof ArrayBuffer || ArrayBuffer.isView(source)
}

function bytesOf(source: ArrayBuffer | ArrayBufferView): Uint8Array<ArrayBuffer> {
  if (source instanceof ArrayBuffer) return new Uint8Array(source)
  const { buffer, byteOffset, byteLength } = source
  // Text decoders and streams do not take shared memory.
  return buffer instanceof ArrayBuffer ? new Uint8Array(buffer, byteOffset, byteLength) : new Uint8Array(buffer, byteOffset, byteLength).slice()
}

async function openSource(source: Exclude<ModelSource, ArrayBuffer | ArrayBufferView>, signal: AbortSignal | undefined): Promise<Opened> {
  if (typeof source === 'string') return /^https?:\/\//i.test(source) ? openUrl(new URL(source), signal) : openFile(source)
  if (source instanceof URL) return source.protocol === 'file:' ? openFile(source) : openUrl(source, signal)
  if (source instanceof Blob) return { size: source.size, chunks: chunksOf(source.stream(), signal) }
  if (source instanceof ReadableStream) return { size: undefined, chunks: chunksOf(source, signal) }
  throw new InputError(`load: a source of type ${typeof source}; expected a path, URL, Blob, ArrayBuffer, typed array or ReadableStream`)
}

async function openUrl(url: URL, signal: AbortSignal | undefined): Promise<Opened> {
  let response: Response
  try {
    response = await fetch(url, signal ? { signal } : {})
  } catch (cause) {
    signal?.throwIfAborted()
    throw new InputError(`load: ${url.href} cannot be fetched: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
  if (!response.ok || !response.body) throw new InputError(`load: ${url.href} answered ${response.status} ${response.statusText}`.trimEnd())
  const length = Number(response.headers.get('content-length') ?? NaN)
  // The length of a body that was compressed on its way is not the one that arrives.
  const known = Number.isSafeInteger(length) && response.headers.get('content-encoding') === null
  return { size: known ? length : undefined, chunks: chunksOf(response.body, signal) }
}

/** Chunks of a stream; frees it when reading ends early. Safari's streams cannot be iterated themselves. */
async function* chunksOf(stream: ReadableStream<Uint8Array>, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = stream.getReader()
  const stop = () => void reader.cancel(signal?.reason).catch(() => undefined)
  signal?.addEventListener('abort', stop, { once: true })
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      if (!ArrayBuffer.isView(value)) throw new InputError('load: the stream gives something other than bytes')
      yield value
    }
  } finally {
    signal?.removeEventListener('abort', stop)
    await reader.cancel().catch(() => undefined)
  }
}

async function collect(chunks: AsyncIterable<Uint8Array>, totalBytes: number | undefined, options: ReadOptions): Promise<Uint8Array<ArrayBuffer>> {
  const { signal, onProgress, maxBytes } = options
  const parts: Uint8Array[] = []
  let loadedBytes = 0
  for await (const chunk of chunks) {
    signal?.throwIfAborted()
    loadedBytes += chunk.length
    // Looked at here and not before the loop, whose end is what closes the source.
    checkLength(Math.max(loadedBytes, totalBytes ?? 0), maxBytes)
    parts.push(chunk)
    onProgress?.({ loadedBytes, totalBytes })
  }
  // An aborted stream ends like a complete one.
  signal?.throwIfAborted()
  const bytes = new Uint8Array(loadedBytes)
  let position = 0
  for (const part of parts) {
    bytes.set(part, position)
    position += part.length
  }
  return bytes
}

function checkLength(length: number, maxBytes: number): void {
  if (length > maxBytes) throw new FormatError(`load: the file has ${length} bytes or more, at most ${maxBytes} are accepted; raise maxBytes if it is to be trusted`)
}
