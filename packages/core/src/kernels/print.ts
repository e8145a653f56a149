import { affineText } from './affine.ts'
import { renumber } from './canonical.ts'
import type { Affine, Block, Instruction, Kernel, KernelBuffer, MemoryRef, TileRef, ValueId } from './ir.ts'
import { typeText } from './types.ts'

/** The kernel as text that people read: declarations, then one line an instruction. Equal kernels have equal texts. */
export function printKernel(kernel: Kernel): string {
  return new Printer(renumber(kernel)).text()
}

class Printer {
  readonly #kernel: Kernel
  readonly #lines: string[] = []

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  text(): string {
    const { name, lanes, gridRank, parameters, buffers, shared, body } = this.#kernel
    const given = parameters.map((parameter) => `${parameter.name}: ${parameter.scalar}`)
    this.#lines.push(`kernel ${name}(${given.join(', ')}) lanes ${lanes} grid ${gridRank}`)
    for (const buffer of buffers) this.#lines.push(`  buffer ${buffer.name}: ${this.#buffer(buffer)}`)
    for (const array of shared) this.#lines.push(`  shared ${array.name}: ${array.scalar}[${array.length}]`)
    this.#block(body, '  ')
    return `${this.#lines.join('\n')}\n`
  }

  #buffer({ scalar, access, extent, below }: KernelBuffer): string {
    return `${scalar}[${extent ? this.#affine(extent) : '?'}] ${access}${below ? ` below ${this.#affine(below)}` : ''}`
  }

  #affine(affine: Affine): string {
    return affineText(affine, (slot) => this.#kernel.parameters[slot]?.name ?? `parameter${slot}`)
  }

  #block(block: Block, indent: string): void {
    for (const instruction of block) this.#instruction(instruction, indent)
  }

  #instruction(instruction: Instruction, indent: string): void {
    if (instruction.op === 'loop') {
      const { counter, start, end, step, carried, body } = instruction
      const carry = carried.map(({ inside, initial }) => `${this.#typed(inside)} = %${initial}`)
      const results = carried.map(({ result }) => `%${result}`)
      const head = `loop %${counter} = %${start} to %${end} step %${step}${carry.length > 0 ? ` carry ${carry.join(', ')}` : ''}`
      this.#lines.push(`${indent}${results.length > 0 ? `${results.join(', ')} = ` : ''}${head}`)
      this.#block(body, `${indent}  `)
      if (carried.length > 0) this.#lines.push(`${indent}  next ${carried.map(({ next }) => `%${next}`).join(', ')}`)
      return
    }
    if (instruction.op === 'branch') {
      const { condition, then, otherwise, results } = instruction
      const typed = results.map(({ result }) => this.#typed(result))
      this.#lines.push(`${indent}${typed.length > 0 ? `${typed.join(', ')} = ` : ''}branch %${condition}`)
      this.#block(then, `${indent}  `)
      if (results.length > 0) this.#lines.push(`${indent}  give ${results.map((result) => `%${result.then}`).join(', ')}`)
      if (otherwise.length > 0 || results.length > 0) this.#lines.push(`${indent}otherwise`)
      this.#block(otherwise, `${indent}  `)
      if (results.length > 0) this.#lines.push(`${indent}  give ${results.map((result) => `%${result.otherwise}`).join(', ')}`)
      return
    }
    this.#lines.push(`${indent}${'result' in instruction ? `${this.#typed(instruction.result)} = ` : ''}${this.#plain(instruction)}`)
  }

  #typed(id: ValueId): string {
    const type = this.#kernel.types[id]
    return `%${id}${type ? `: ${typeText(type)}` : ''}`
  }

  #plain(instruction: Exclude<Instruction, { readonly op: 'loop' | 'branch' }>): string {
    switch (instruction.op) {
      case 'constant':
        return `constant ${Object.is(instruction.value, -0) ? '-0' : instruction.value}`
      case 'parameter':
        return this.#kernel.parameters[instruction.parameter]?.name ?? `parameter ${instruction.parameter}`
      case 'programId':
        return `programId ${instruction.axis}`
      case 'lane':
      case 'barrier':
        return instruction.op
      case 'unary':
        return `${instruction.operator} %${instruction.x}`
      case 'binary':
      case 'compare':
        return `${instruction.operator} %${instruction.a}, %${instruction.b}`
      case 'select':
        return `select %${instruction.condition}, %${instruction.a}, %${instruction.b}`
      case 'fma':
        return `fma %${instruction.a}, %${instruction.b}, %${instruction.c}`
      case 'convert':
      case 'bitcast':
        return `${instruction.op} %${instruction.x}`
      case 'load':
        return `load ${this.#at(instruction.memory, instruction.index)}${option('mask', instruction.mask)}`
      case 'loadLanes':
        return `loadLanes ${this.#at(instruction.memory, instruction.base)}${option('active', instruction.active)}`
      case 'store':
        return `store ${this.#at(instruction.memory, instruction.index)}, %${instruction.value}${option('mask', instruction.mask)}`
      case 'storeLanes':
        return `storeLanes ${this.#at(instruction.memory, instruction.base)}, %${instruction.value}${option('active', instruction.active)}`
      case 'atomic':
        return `atomic ${instruction.operator} ${this.#at(instruction.memory, instruction.index)}, %${instruction.value}${option('mask', instruction.mask)}`
      case 'reduce':
        return `reduce ${instruction.operator} %${instruction.x}${option('active', instruction.active)}`
      case 'tileMultiplyAdd': {
        const { rows, columns, depth, target, a, b, precision } = instruction
        return `tileMultiplyAdd ${rows}x${columns}x${depth} ${this.#tile(target)}, ${this.#tile(a)}, ${this.#tile(b)} ${precision}`
      }
    }
  }

  #at(ref: MemoryRef, index: ValueId): string {
    const memory = ref.space === 'buffer' ? this.#kernel.buffers[ref.slot] : this.#kernel.shared[ref.slot]
    return `${memory?.name ?? `${ref.space} ${ref.slot}`}[%${index}]`
  }

  #tile({ slot, offset, order, stride }: TileRef): string {
    return `${this.#at({ space: 'shared', slot }, offset)} ${order === 'rows' ? '' : `${order} `}stride ${stride}`
  }
}

function option(name: string, id: ValueId | null): string {
  return id === null ? '' : ` ${name} %${id}`
}
