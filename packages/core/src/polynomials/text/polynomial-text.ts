import type { PolynomialParts, Term } from '../polynomial-parts.ts'
import { extentsToText } from './extents-text.ts'

/** What is printed for every input and output. */
export interface OperandTexts {
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
}

/**
 * Inputs have small letters, outputs capital ones; every operation is one line:
 *
 * ```text
 * ╭ a=12 b=4 -> C=3
 * ╰─ []·a[uv]·b[iu]➜C[iv] ─ num_paths=1 i=1 u=4 v=3
 * ```
 *
 * @param texts by default the sizes.
 */
export function polynomialToText(parts: PolynomialParts, texts: OperandTexts = sizesOf(parts)): string {
  const { inputs, operations } = parts
  const named = (list: readonly string[], first: number) => list.map((text, i) => `${operandName(first + i, inputs.length)}=${text}`).join(' ')
  const formulas = operations.map((term) => formulaOf(term, inputs.length))
  const width = Math.max(0, ...formulas.map((formula) => formula.length))
  const lines = operations.map(([, product], n) => {
    const counts = [`num_paths=${product.numPaths}`, extentsToText(product)].filter((piece) => piece !== '').join(' ')
    const formula = formulas[n] ?? ''
    return `${n === operations.length - 1 ? '╰─' : '│ '} ${formula} ${'─'.repeat(width - formula.length + 1)} ${counts}`
  })
  const header = `╭ ${named(texts.inputs, 0)} -> ${named(texts.outputs, inputs.length)}`
  return [header, ...(lines.length > 0 ? lines : ['╰─ no operations: all outputs are zero'])].join('\n')
}

/** `[ijk]·a[uv]·b[iu]➜C[kv]`, the modes of the coefficients first. */
export function formulaOf([operation, product]: Term, numInputs: number): string {
  const { operands, coefficients } = product.subscripts
  const factors = operation.buffers.map((buffer, k) => `${operandName(buffer, numInputs)}[${operands[k] ?? ''}]`)
  return `${[`[${coefficients}]`, ...factors.slice(0, -1)].join('·')}➜${factors[factors.length - 1] ?? ''}`
}

/** a, b, …, z, then a1, b1, …; capital letters for outputs. */
function operandName(buffer: number, numInputs: number): string {
  const letter = String.fromCharCode(97 + (buffer % 26))
  const name = buffer < 26 ? letter : `${letter}${Math.floor(buffer / 26)}`
  return buffer < numInputs ? name : name.toUpperCase()
}

function sizesOf({ inputs, outputs }: PolynomialParts): OperandTexts {
  return { inputs: inputs.map(({ size }) => String(size)), outputs: outputs.map(({ size }) => String(size)) }
}
