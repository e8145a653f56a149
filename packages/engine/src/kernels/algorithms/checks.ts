import { InputError } from '@equivar/core'

/** @throws {InputError} unless a number is a number of elements that 32-bit integers can count. */
export function requireCount(where: string, name: string, count: number): void {
  if (!(Number.isInteger(count) && count >= 0 && count < 2 ** 31)) throw new InputError(`${where}: ${name} is ${count}, but must be an integer in 0 … ${2 ** 31 - 1}`)
}
