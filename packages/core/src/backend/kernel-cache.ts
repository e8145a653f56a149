import { type Block, type Kernel, kernelKey } from '../kernels/index.ts'

/** What a device made of kernels, once for all equal ones. */
export class KernelCache<T> {
  readonly #byKernel = new WeakMap<Kernel, T>()
  readonly #byFingerprint = new Map<number, { readonly kernel: Kernel; readonly value: T }[]>()
  readonly #keys = new WeakMap<Kernel, string>()
  #size = 0

  /** Number of different kernels. */
  get size(): number {
    return this.#size
  }

  /** What belongs to this very kernel or one that was found equal to it. */
  known(kernel: Kernel): T | undefined {
    return this.#byKernel.get(kernel)
  }

  /** Of an equal kernel, or new. */
  get(kernel: Kernel, make: () => T): T {
    const known = this.#byKernel.get(kernel)
    if (known !== undefined) return known
    const value = this.#ofEqual(kernel) ?? this.#add(kernel, make())
    this.#byKernel.set(kernel, value)
    return value
  }

  #ofEqual(kernel: Kernel): T | undefined {
    return this.#byFingerprint.get(fingerprint(kernel))?.find((other) => this.#keyOf(other.kernel) === this.#keyOf(kernel))?.value
  }

  #add(kernel: Kernel, value: T): T {
    const number = fingerprint(kernel)
    this.#byFingerprint.set(number, [...(this.#byFingerprint.get(number) ?? []), { kernel, value }])
    this.#size++
    return value
  }

  #keyOf(kernel: Kernel): string {
    const key = this.#keys.get(kernel) ?? kernelKey(kernel)
    this.#keys.set(kernel, key)
    return key
  }
}

const double = new Float64Array(1)
const words = new Uint32Array(double.buffer)

/**
 * A number that equal kernels share and others rarely: of instructions, operators and constants in their order. The key that
 * decides costs as much as emitting code, and is made only where this number occurs twice.
 */
function fingerprint({ name, lanes, buffers, parameters, body }: Kernel): number {
  let hash = 0
  const mix = (value: number): void => {
    hash = Math.imul(hash ^ value, 0x9e3779b1)
    hash ^= hash >>> 15
  }
  const mixText = (text: string): void => {
    for (let k = 0; k < text.length; k++) mix(text.charCodeAt(k))
  }
  const mixBlock = (block: Block): void => {
    mix(block.length)
    for (const instruction of block) {
      mixText(instruction.op)
      if ('operator' in instruction) mixText(instruction.operator)
      if (instruction.op === 'constant') {
        double[0] = instruction.value
        mix(words[0] ?? 0)
        mix(words[1] ?? 0)
      } else if (instruction.op === 'loop') mixBlock(instruction.body)
      else if (instruction.op === 'branch') {
        mixBlock(instruction.then)
        mixBlock(instruction.otherwise)
      }
    }
  }
  mixText(name)
  mix(lanes)
  for (const { name: own, scalar } of [...buffers, ...parameters]) {
    mixText(own)
    mixText(scalar)
  }
  mixBlock(body)
  return hash
}
