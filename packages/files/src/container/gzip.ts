import { FormatError } from '@equivar/core'

/** Deflate reaches 1030 : 1 on zeros; models are far from that, the sparsest seen is 40 : 1. */
const maxRatio = 100
const alwaysAccepted = 2 ** 20
const inputChunk = 2 ** 16

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b
}

/**
 * The content of a gzip file of one member.
 *
 * The length that its trailer declares is checked against `maxBytes` and against the compressed length before it is
 * allocated, and inflation stops at that length, so a bomb costs nothing.
 *
 * @throws {FormatError} when the content is damaged, longer than declared or suspiciously compressible.
 */
export async function gunzip(bytes: Uint8Array<ArrayBuffer>, maxBytes: number, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  if (bytes.length < 18) throw new FormatError(`gzip: ${bytes.length} bytes are too few; the file is truncated`)
  const declared = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4, 4).getUint32(0, true)
  const accepted = Math.min(maxBytes, alwaysAccepted + maxRatio * bytes.length)
  if (declared > accepted)
    throw new FormatError(`gzip: ${bytes.length} bytes declare a content of ${declared} bytes, at most ${accepted} are accepted; decompress a file that you trust yourself`)
  const content = new Uint8Array(declared)
  let filled = 0
  const reader = chunked(bytes).pipeThrough(new DecompressionStream('gzip')).getReader()
  try {
    for (;;) {
      signal?.throwIfAborted()
      const { done, value } = await inflated(reader)
      if (done) break
      if (filled + value.length > declared)
        throw new FormatError(`gzip: content is longer than the ${declared} bytes declared; the file is damaged, or several files joined`)
      content.set(value, filled)
      filled += value.length
    }
  } finally {
    // The stream may have failed already; cancelling only frees it.
    await reader.cancel().catch(() => undefined)
  }
  if (filled !== declared) throw new FormatError(`gzip: ${filled} bytes of content, ${declared} are declared; the file is damaged`)
  return content
}

async function inflated(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<ReadableStreamReadResult<Uint8Array>> {
  try {
    return await reader.read()
  } catch (cause) {
    throw new FormatError('gzip: the content is damaged or truncated', { cause })
  }
}

function chunked(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  let position = 0
  return new ReadableStream({
    pull(controller) {
      if (position >= bytes.length) {
        controller.close()
        return
      }
      controller.enqueue(bytes.subarray(position, position + inputChunk))
      position += inputChunk
    },
  })
}
