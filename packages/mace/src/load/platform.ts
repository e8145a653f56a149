import { InputError } from '@equivar/core'

/** A file of the machine. */
export interface OpenFile {
  /** Length in bytes. */
  readonly size: number
  /** Its content, to be read once. */
  readonly chunks: AsyncIterable<Uint8Array>
}

/** Opens a file by path or `file:` URL. In browsers there is none; Node gets `node/platform.ts` instead of this module. */
export async function openFile(path: string | URL): Promise<OpenFile> {
  throw new InputError(`load: '${String(path)}' is a file path, which only Node can open; pass a URL object, a Blob (such as a chosen File) or the bytes`)
}
