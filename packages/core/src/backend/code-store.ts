/** Keeps the code of kernels longer than a process lives. Nothing that goes wrong in it is an error: then code is made anew. */
export interface CodeStore {
  /** What was written for this key, unharmed; `null` if there is nothing such. */
  read(key: Uint8Array): Uint8Array<ArrayBuffer> | null
  write(key: Uint8Array, code: Uint8Array): void
}
