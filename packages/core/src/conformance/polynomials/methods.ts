import type { Method } from '../../lowering/index.ts'
import type { SegmentedPolynomial, SegmentedTensorProduct } from '../../polynomials/index.ts'

export const methods = ['auto', 'naive', 'uniform_1d', 'fused_tp', 'indexed_linear'] as const satisfies readonly (Method | 'auto')[]
export type MethodName = (typeof methods)[number]

/** Subscripts of products that are fused, inputs in any order, output last. */
const fusedForms = new Set(
  ['u,,uw,w', ',v,vw,w', 'u,v,uv,u', 'u,v,uv,v', 'u,u,uw,w', 'u,v,uvw,w', 'u,u,u', 'u,v,uv', 'u,uv,v', 'u,,u', ',v,v'].flatMap((form) => {
    const operands = form.split(',')
    return ordersOf(operands.length - 1).map((order) => canonical([...order, operands.length - 1].map((k) => operands[k] ?? '')))
  }),
)
const linearForms = new Set(['uv,u,v', 'uv,v,u', 'uv,wu,wv', 'uv,wv,wu', 'u,uv,v', 'u,vu,v', 'uv,wv,uw', 'uv,vw,uw', 'u,v,vu', 'u,v,uv', 'uv,uw,wv', 'uv,uw,vw'])

const known = new WeakMap<SegmentedPolynomial, Map<MethodName, boolean>>()

/** Whether a method must serve a polynomial, by the meaning that the field gives to its name; the other methods may refuse. */
export function mustServe(method: MethodName, polynomial: SegmentedPolynomial): boolean {
  const own = known.get(polynomial) ?? new Map<MethodName, boolean>()
  known.set(polynomial, own)
  const answer = own.get(method) ?? decide(method, polynomial)
  own.set(method, answer)
  return answer
}

function decide(method: MethodName, polynomial: SegmentedPolynomial): boolean {
  if (method === 'auto' || method === 'naive') return true
  if (polynomial.operations.length === 0) return false
  if (method === 'uniform_1d') return isUniform(polynomial.flattenCoefficientModes().squeezeModes())
  const products = polynomial.operations.map(([, product]) => product)
  return products.every(method === 'fused_tp' ? isFusable : isLinear)
}

/** Every operand a list of numbers, or of channels of one extent that is the same in all operands. */
function isUniform({ operands, operations }: SegmentedPolynomial): boolean {
  const extents = new Set<number>()
  for (const operand of operands) {
    const shapes = new Set(operand.segments.map((segment) => segment.join()))
    if (operand.ndim > 1 || shapes.size > 1) return false
    const [extent] = operand.segments[0] ?? []
    if (extent !== undefined) extents.add(extent)
  }
  const modes = operations.map(([, product]) => product.subscripts.modes.length)
  return extents.size <= 1 && Math.max(...modes) <= 1 && !extents.has(0)
}

function isFusable(product: SegmentedTensorProduct): boolean {
  if (product.numOperands < 3 || product.numOperands > 4 || product.numPaths === 0) return false
  const { subscripts } = product.flattenCoefficientModes().squeezeModes().consolidateModes()
  return subscripts.modes.length === 0 || fusedForms.has(canonical(subscripts.operands))
}

function isLinear(product: SegmentedTensorProduct): boolean {
  if (product.numOperands !== 3 || product.coefficientSubscripts !== '') return false
  const { subscripts } = product.canonicalizeSubscripts()
  return linearForms.has(subscripts.operands.join())
}

/** Modes named by where they first occur. */
function canonical(operands: readonly string[]): string {
  const names = new Map<string, string>()
  return operands.map((own) => [...own].map((mode) => names.get(mode) ?? nameIn(names, mode)).join('')).join()
}

function nameIn(names: Map<string, string>, mode: string): string {
  const name = String.fromCharCode(97 + names.size)
  names.set(mode, name)
  return name
}

function ordersOf(length: number): number[][] {
  if (length === 0) return [[]]
  return ordersOf(length - 1).flatMap((order) => Array.from({ length }, (_, at) => [...order.slice(0, at), length - 1, ...order.slice(at)]))
}
