import type * as kernels from '@equivar/core/kernels'
import { FunctionWriter } from './function-writer.ts'
import type { ModuleFunction } from './module.ts'
import type { Opcode, WasmType } from './opcodes.ts'

/** An update of an element of a type. */
export type AtomicHelper = `${kernels.AtomicOperator} ${kernels.StorageType}`

/** Functions of a module beside `run`, which has number 0: atomic updates `(address, value) → before`. */
export class Helpers {
  readonly #numbers = new Map<AtomicHelper, number>()

  number(helper: AtomicHelper): number {
    const known = this.#numbers.get(helper)
    if (known !== undefined) return known
    const number = this.#numbers.size + 1
    this.#numbers.set(helper, number)
    return number
  }

  functions(): readonly ModuleFunction[] {
    return [...this.#numbers.keys()].map(atomicFunction)
  }
}

const integerAtomics: Readonly<Record<'add' | 'exchange', Opcode>> = { add: 'i32_atomic_rmw_add', exchange: 'i32_atomic_rmw_xchg' }

function atomicFunction(helper: AtomicHelper): ModuleFunction {
  const [operator, scalar] = helper.split(' ') as [kernels.AtomicOperator, kernels.StorageType]
  const isFloat = scalar === 'f32' || scalar === 'f64'
  const type: WasmType = isFloat ? scalar : 'i32'
  const writer = new FunctionWriter(['i32', type])
  if (!isFloat && (operator === 'add' || operator === 'exchange')) {
    writer.get(0)
    writer.get(1)
    writer.op(integerAtomics[operator])
  } else writeExchangeLoop(writer, scalar, () => writeUpdate(writer, operator, scalar))
  return { type: { parameters: ['i32', type], results: [type] }, body: writer.bytes(), exportName: null }
}

const [address, value] = [0, 1]

/** Leaves the new number on the stack; the old one is in the next local but one behind the parameters. */
function writeUpdate(writer: FunctionWriter, operator: kernels.AtomicOperator, scalar: kernels.StorageType): void {
  const before = 2
  if (operator === 'exchange') {
    writer.get(value)
    return
  }
  writer.get(before)
  writer.get(value)
  if (scalar === 'f32' || scalar === 'f64') {
    writer.op(`${scalar}_add`)
    return
  }
  writer.get(before)
  writer.get(value)
  writer.op(scalar === 'u32' ? 'i32_lt_u' : 'i32_lt_s')
  if (operator === 'max') writer.op('i32_eqz')
  writer.select()
}

/** Tries until nobody wrote between reading and writing: compares bits, so that NaN is equal to itself. */
function writeExchangeLoop(writer: FunctionWriter, scalar: kernels.StorageType, writeNew: () => void): void {
  const isWide = scalar === 'f64'
  const before = writer.newLocal(scalar === 'f32' || scalar === 'f64' ? scalar : 'i32')
  const [expected, found] = [writer.newLocal(isWide ? 'i64' : 'i32'), writer.newLocal(isWide ? 'i64' : 'i32')]
  const toBits = () => {
    if (scalar === 'f32') writer.op('i32_reinterpret_f32')
    if (scalar === 'f64') writer.op('i64_reinterpret_f64')
  }
  const fromBits = () => {
    if (scalar === 'f32') writer.op('f32_reinterpret_i32')
    if (scalar === 'f64') writer.op('f64_reinterpret_i64')
  }
  writer.get(address)
  writer.op(isWide ? 'i64_atomic_load' : 'i32_atomic_load')
  writer.set(found)
  writer.open('loop')
  writer.get(found)
  writer.set(expected)
  writer.get(expected)
  fromBits()
  writer.set(before)
  writer.get(address)
  writer.get(expected)
  writeNew()
  toBits()
  writer.op(isWide ? 'i64_atomic_rmw_cmpxchg' : 'i32_atomic_rmw_cmpxchg')
  writer.set(found)
  writer.get(found)
  writer.get(expected)
  writer.op(isWide ? 'i64_eq' : 'i32_eq')
  writer.op('i32_eqz')
  writer.branchIf(0)
  writer.end()
  writer.get(before)
}
