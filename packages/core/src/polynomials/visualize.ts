import { PolynomialError } from '../errors.ts'
import type { PolynomialParts } from './polynomial-parts.ts'
import { formulaOf } from './text/polynomial-text.ts'

/**
 * The polynomial as a graph in Graphviz's DOT language: a box for every operand, an ellipse for every operation, an edge for
 * every use. An input that an operation uses n times has n edges to it.
 *
 * @throws {PolynomialError} unless there is one name for every input and output.
 */
export function visualizePolynomial({ inputs, outputs, operations }: PolynomialParts, inputNames: readonly string[], outputNames: readonly string[]): string {
  requireNames('input', inputNames, inputs.length)
  requireNames('output', outputNames, outputs.length)
  const names = [...inputNames, ...outputNames]
  const boxes = [...inputs, ...outputs].map((operand, buffer) => {
    const rank = buffer < inputs.length ? 'lightblue' : 'lightgreen'
    return `  operand${buffer} [shape=box, style=filled, fillcolor=${rank}, label=${quoted(`${names[buffer] ?? ''}\n${operand.numSegments} segments, size ${operand.size}`)}]`
  })
  const ellipses = operations.map((term, n) => `  operation${n} [shape=ellipse, label=${quoted(`${formulaOf(term, inputs.length)}\n${term[1].numPaths} paths`)}]`)
  const edges = operations.flatMap(([operation, { subscripts }], n) =>
    operation.buffers.map((buffer, k) => {
      const ends = buffer < inputs.length ? `operand${buffer} -> operation${n}` : `operation${n} -> operand${buffer}`
      return `  ${ends} [label=${quoted(subscripts.operands[k] ?? '')}]`
    }),
  )
  return ['digraph polynomial {', '  rankdir=LR', ...boxes, ...ellipses, ...edges, '}', ''].join('\n')
}

function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`
}

function requireNames(side: string, names: readonly string[], count: number): void {
  if (names.length !== count) throw new PolynomialError(`visualizePolynomial: got ${names.length} ${side} names for ${count} ${side}s; pass one for each`)
}
