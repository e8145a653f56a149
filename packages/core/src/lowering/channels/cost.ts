import { costOf, nestBest } from '../algebra/derivatives.ts'
import { readElements } from './analysis.ts'
import { accessOf } from './declarations.ts'
import { isSummed, type KernelSpec } from './spec.ts'

/** Floating-point operations that a kernel does for an entry; a multiply-add is two. */
export function flopsPerEntry({ analysis, form, passes, iteration }: KernelSpec): number {
  const hasTotals = isSummed(iteration)
  let flops = 0
  for (const { channels, duals, root } of passes) flops += 2 * channels * costOf(root, duals, hasTotals)
  for (const part of [analysis.factors, analysis.closing]) {
    const duals = new Set(part.flatMap(({ variables }) => variables.filter((variable) => ['slot', 'output'].includes(analysis.variables.meanings[variable]?.kind ?? ''))))
    flops += 2 * costOf(nestBest(part, duals, hasTotals), duals, hasTotals)
  }
  return form.terms.length === 0 ? 0 : flops
}

/** Bytes of operands that every entry has for itself. */
export function bytesPerEntry({ analysis, form, request, iteration, outputs }: KernelSpec): number {
  const elements = new Set(readElements(analysis.targets))
  for (const { variables } of [...analysis.factors, ...analysis.closing])
    for (const variable of variables) {
      const meaning = analysis.variables.meanings[variable]
      if (meaning?.kind === 'input') elements.add(meaning.element)
    }
  let bytes = 0
  for (const number of elements) {
    const element = form.inputs[number]
    if (element && accessOf(request.inputs, element.operand).kind === 'batched') bytes += (element.stride === 0 ? 1 : element.channels) * (request.inputScalars[element.operand] === 'f64' ? 8 : 4)
  }
  if (!isSummed(iteration)) for (const o of outputs) bytes += (request.polynomial.outputs[o]?.size ?? 0) * (request.outputScalars[o] === 'f64' ? 8 : 4)
  return bytes
}

/** Bytes of the rows that sums are written to. */
export function bytesPerRow({ iteration, outputs, request }: KernelSpec): number {
  if (!isSummed(iteration)) return 0
  return outputs.reduce((bytes, o) => bytes + (request.polynomial.outputs[o]?.size ?? 0) * (request.outputScalars[o] === 'f64' ? 8 : 4), 0)
}
