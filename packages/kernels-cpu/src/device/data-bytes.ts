/** What a value is, in front of it. */
const [integer, double, newText, knownText, list, fields, nothing, no, yes] = [1, 2, 3, 4, 5, 6, 7, 8, 9]

/**
 * Plain data as bytes: numbers, texts, booleans, `null`, lists and objects of these. Equal for equal data whose fields stand in the
 * same order, and different for different data. Much faster than text.
 */
export function dataBytes(data: unknown): Uint8Array {
  const writer = new DataWriter()
  writer.write(data)
  return writer.bytes()
}

const number = new Float64Array(1)
const words = new Int32Array(number.buffer)

class DataWriter {
  #words = new Int32Array(1 << 12)
  #length = 0
  /** Texts are written once; there are few different ones. */
  readonly #texts = new Map<string, number>()

  bytes(): Uint8Array {
    return new Uint8Array(this.#words.buffer, 0, 4 * this.#length)
  }

  write(value: unknown): void {
    if (typeof value === 'number') this.#number(value)
    else if (typeof value === 'string') this.#text(value)
    else if (Array.isArray(value)) {
      this.#push(list)
      this.#push(value.length)
      for (const item of value) this.write(item)
    } else if (typeof value === 'object' && value !== null) this.#fields(value as Readonly<Record<string, unknown>>)
    else this.#push(value === true ? yes : value === false ? no : nothing)
  }

  #fields(object: Readonly<Record<string, unknown>>): void {
    const names = Object.keys(object)
    this.#push(fields)
    this.#push(names.length)
    for (const name of names) {
      this.#text(name)
      this.write(object[name])
    }
  }

  #number(value: number): void {
    if ((value | 0) === value && !Object.is(value, -0)) {
      this.#push(integer)
      this.#push(value)
      return
    }
    number[0] = value
    this.#push(double)
    this.#push(words[0] ?? 0)
    this.#push(words[1] ?? 0)
  }

  #text(text: string): void {
    const known = this.#texts.get(text)
    if (known !== undefined) {
      this.#push(knownText)
      this.#push(known)
      return
    }
    this.#texts.set(text, this.#texts.size)
    this.#push(newText)
    this.#push(text.length)
    for (let k = 0; k < text.length; k++) this.#push(text.charCodeAt(k))
  }

  #push(word: number): void {
    if (this.#length === this.#words.length) {
      const longer = new Int32Array(2 * this.#length)
      longer.set(this.#words)
      this.#words = longer
    }
    this.#words[this.#length++] = word
  }
}
