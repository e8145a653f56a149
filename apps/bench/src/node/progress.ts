const width = 24

/** A bar on a terminal, on standard error; silent elsewhere. */
export class Progress {
  readonly #total: number
  readonly #stream: NodeJS.WriteStream
  #done = 0

  constructor(total: number, stream: NodeJS.WriteStream = process.stderr) {
    this.#total = Math.max(1, total)
    this.#stream = stream
  }

  /** Shows what is being done now. */
  show(what: string): void {
    if (!this.#stream.isTTY) return
    this.#stream.write(`\r\u001b[2K${barText(this.#done / this.#total)} ${this.#done}/${this.#total} ${what}`)
  }

  step(): void {
    this.#done++
  }

  /** Takes the bar away, for a line of output. */
  clear(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\u001b[2K')
  }
}

function barText(share: number): string {
  const full = Math.round(width * Math.min(1, Math.max(0, share)))
  return `[${'#'.repeat(full)}${'·'.repeat(width - full)}]`
}
