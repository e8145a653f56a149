import { PolynomialError } from '../errors.ts'
import { compareNumbers } from './path.ts'

/**
 * Which buffer every operand of a tensor product reads or writes. Buffers are numbered inputs first, then outputs;
 * exactly one is an output. The same input may occur several times: `[0, 0, 1]` squares buffer 0.
 */
export class Operation {
  readonly buffers: readonly number[]

  constructor(buffers: readonly number[]) {
    for (const buffer of buffers)
      if (!(Number.isInteger(buffer) && buffer >= 0)) throw new PolynomialError(`Operation [${buffers.join(', ')}]: buffer ${buffer} must be a non-negative integer`)
    this.buffers = Object.freeze([...buffers])
  }

  get numOperands(): number {
    return this.buffers.length
  }

  /** Position of the operand that is written. @throws {PolynomialError} unless there is exactly one. */
  outputOperand(numInputs: number): number {
    const [position, second] = this.buffers.flatMap((buffer, k) => (buffer >= numInputs ? [k] : []))
    if (position === undefined || second !== undefined)
      throw new PolynomialError(`Operation [${this.buffers.join(', ')}]: needs exactly one output buffer, numbers from ${numInputs} on; it has ${position === undefined ? 'none' : 'several'}`)
    return position
  }

  outputBuffer(numInputs: number): number {
    return this.buffers[this.outputOperand(numInputs)] ?? 0
  }

  inputOperands(numInputs: number): readonly number[] {
    return this.buffers.flatMap((buffer, k) => (buffer < numInputs ? [k] : []))
  }

  /**
   * The operation that computes the cotangent of the one undefined input from the output's cotangent. Buffers are
   * renumbered: defined inputs, cotangents, then the undefined inputs as outputs.
   *
   * @returns `undefined` if the operation touches no undefined input or its output has no cotangent.
   * @throws {PolynomialError} if it holds an undefined input more than once, for then it is not linear in it.
   */
  transpose(isUndefinedPrimal: readonly boolean[], hasCotangent: readonly boolean[]): Operation | undefined {
    const numInputs = isUndefinedPrimal.length
    const renumbered = new Map<number, number>()
    let next = 0
    for (const [i, isUndefined] of isUndefinedPrimal.entries()) if (!isUndefined) renumbered.set(i, next++)
    for (const [o, has] of hasCotangent.entries()) if (has) renumbered.set(numInputs + o, next++)
    for (const [i, isUndefined] of isUndefinedPrimal.entries()) if (isUndefined) renumbered.set(i, next++)
    const undefinedOperands = this.inputOperands(numInputs).filter((k) => isUndefinedPrimal[this.buffers[k] ?? 0])
    const outputHasCotangent = hasCotangent[this.outputBuffer(numInputs) - numInputs] ?? false
    if (undefinedOperands.length === 0 || !outputHasCotangent) return undefined
    if (undefinedOperands.length > 1)
      throw new PolynomialError(`Operation [${this.buffers.join(', ')}]: cannot be transposed, because it is not linear in its undefined inputs; take jvp first`)
    return new Operation(this.buffers.map((buffer) => renumbered.get(buffer) ?? 0))
  }

  /**
   * One operation for every operand whose buffer has a tangent, with that operand replaced by the tangent. Buffers are
   * renumbered: inputs, tangents, outputs.
   */
  jvp(hasTangent: readonly boolean[]): Operation[] {
    const numInputs = hasTangent.length
    const tangentOf = new Map<number, number>()
    for (const [i, has] of hasTangent.entries()) if (has) tangentOf.set(i, numInputs + tangentOf.size)
    const shifted = this.buffers.map((buffer) => (buffer >= numInputs ? buffer + tangentOf.size : buffer))
    return this.inputOperands(numInputs).flatMap((k) => {
      const tangent = tangentOf.get(this.buffers[k] ?? 0)
      return tangent === undefined ? [] : [new Operation(shifted.map((buffer, j) => (j === k ? tangent : buffer)))]
    })
  }

  /**
   * Operations that differ only by a permutation of operands under which their tensor product does not change, counted. Of
   * each group the lexicographically smallest stands for all: the three operations of d(x³) become 3 × `(0, 0, 1, 2)`.
   *
   * @param symmetries a group of permutations of operands, as {@link SegmentedTensorProduct.symmetries} gives it.
   * @throws {PolynomialError} if a permutation has another length than an operation.
   */
  static groupByOperationalSymmetries(
    symmetries: readonly (readonly number[])[],
    operations: readonly Operation[],
  ): readonly (readonly [count: number, operation: Operation])[] {
    const groups = new Map<string, { count: number; readonly operation: Operation }>()
    for (const operation of operations) {
      const { buffers } = operation
      let smallest = buffers
      for (const permutation of symmetries) {
        if (permutation.length !== buffers.length)
          throw new PolynomialError(`groupByOperationalSymmetries: [${permutation.join(', ')}] permutes ${permutation.length} operands, but operation ${operation.toString()} has ${buffers.length}`)
        const permuted = permutation.map((k) => buffers[k] ?? 0)
        if (compareNumbers(permuted, smallest) < 0) smallest = permuted
      }
      const key = smallest.join()
      const group = groups.get(key)
      if (group) group.count++
      else groups.set(key, { count: 1, operation: new Operation(smallest) })
    }
    return [...groups.values()].map(({ count, operation }) => [count, operation])
  }

  equals(other: Operation): boolean {
    return this.buffers.length === other.buffers.length && this.buffers.every((buffer, k) => buffer === other.buffers[k])
  }

  toString(): string {
    return `(${this.buffers.join(', ')})`
  }
}
