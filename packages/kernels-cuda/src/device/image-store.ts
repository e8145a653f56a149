/** Keeps compiled code longer than a process lives. Nothing that goes wrong in it is an error: then code is made anew. */
export interface ImageStore {
  /** What was written for this key, unharmed; `null` if there is nothing such. */
  read(key: string): Uint8Array<ArrayBuffer> | null
  write(key: string, image: Uint8Array): void
}
