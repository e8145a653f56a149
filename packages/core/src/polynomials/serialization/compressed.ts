import { FormatError } from '../../errors.ts'

/** A descriptor of a large model is some megabytes of text; what inflates to more is broken or hostile. */
const maxInflated = 2 ** 26

/** UTF-8 text as a zlib stream (RFC 1950), by the platform's own compressor. */
export async function compressText(text: string): Promise<Uint8Array> {
  const chunks = await collect(through(new TextEncoder().encode(text), new CompressionStream('deflate')), Number.POSITIVE_INFINITY)
  return join(chunks)
}

/** Inverse of {@link compressText}. @throws {FormatError} if the bytes are no such stream, or inflate to too much. */
export async function decompressText(bytes: Uint8Array): Promise<string> {
  let chunks: readonly Uint8Array[]
  try {
    chunks = await collect(through(bytes, new DecompressionStream('deflate')), maxInflated)
  } catch (cause) {
    if (cause instanceof FormatError) throw cause
    throw new FormatError(`compressed text: ${bytes.length} bytes are no complete zlib stream; they may be cut off or damaged`, { cause })
  }
  return new TextDecoder().decode(join(chunks))
}

/** Base64 (RFC 4648) of some bytes. */
export function encodeBase64(bytes: Uint8Array): string {
  // In pieces, because a call takes a limited number of arguments.
  const piece = 2 ** 13
  let binary = ''
  for (let start = 0; start < bytes.length; start += piece) binary += String.fromCharCode(...bytes.subarray(start, start + piece))
  return btoa(binary)
}

/** @throws {FormatError} if the text is no base64. */
export function decodeBase64(text: string): Uint8Array {
  let binary: string
  try {
    binary = atob(text)
  } catch (cause) {
    throw new FormatError(`base64: a text of ${text.length} characters is not base64; it may be cut off or damaged`, { cause })
  }
  return Uint8Array.from(binary, (character) => character.charCodeAt(0))
}

/** A value from JSON text. @throws {FormatError} if the text is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new FormatError(`JSON: a text of ${text.length} characters that begins with '${text.slice(0, 20)}' does not parse`, { cause })
  }
}

function through(bytes: Uint8Array, transform: CompressionStream | DecompressionStream): ReadableStream<Uint8Array> {
  return new Blob([Uint8Array.from(bytes)]).stream().pipeThrough(transform)
}

async function collect(stream: ReadableStream<Uint8Array>, limit: number): Promise<readonly Uint8Array[]> {
  const chunks: Uint8Array[] = []
  const reader = stream.getReader()
  let total = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return chunks
    chunks.push(value)
    total += value.length
    if (total > limit) {
      await reader.cancel()
      throw new FormatError(`compressed text inflates to more than ${limit} bytes; it is damaged, or not what it claims to be`)
    }
  }
}

function join(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((total, chunk) => total + chunk.length, 0))
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.length
  }
  return bytes
}
