import type { ArgumentMap, Derivative, SegmentedPolynomial } from '../../polynomials/index.ts'

export const derivatives = ['forward', 'jvp', 'backward', 'backwardOfLast', 'jvpOfBackward', 'backwardOfBackward'] as const
/** What is computed of a polynomial. */
export type DerivativeName = (typeof derivatives)[number]

const order: { readonly [D in DerivativeName]: 0 | 1 | 2 } = { forward: 0, jvp: 1, backward: 1, backwardOfLast: 1, jvpOfBackward: 2, backwardOfBackward: 2 }

/** How often it is differentiated. */
export function orderOf(name: DerivativeName): 0 | 1 | 2 {
  return order[name]
}

const made = new WeakMap<SegmentedPolynomial, Map<DerivativeName, Derivative<SegmentedPolynomial>>>()

/** The derived polynomial, and where its arguments come from. */
export function derive(polynomial: SegmentedPolynomial, name: DerivativeName): Derivative<SegmentedPolynomial> {
  const own = made.get(polynomial) ?? new Map<DerivativeName, Derivative<SegmentedPolynomial>>()
  made.set(polynomial, own)
  const known = own.get(name)
  if (known) return known
  const derived = differentiated(polynomial, name)
  own.set(name, derived)
  return derived
}

function differentiated(polynomial: SegmentedPolynomial, name: DerivativeName): Derivative<SegmentedPolynomial> {
  switch (name) {
    case 'forward':
      return [polynomial, (inputs, outputs) => [inputs, outputs]]
    case 'jvp':
      return polynomial.jvp(all(polynomial.inputs))
    case 'backward':
      return polynomial.backward(all(polynomial.inputs), all(polynomial.outputs))
    case 'backwardOfLast':
      return polynomial.backward(
        polynomial.inputs.map((_, i) => i === polynomial.numInputs - 1),
        all(polynomial.outputs),
      )
    case 'jvpOfBackward':
      return after(derive(polynomial, 'backward'), (inner) => inner.jvp(all(inner.inputs)))
    case 'backwardOfBackward':
      return after(derive(polynomial, 'backward'), (inner) => inner.backward(all(inner.inputs), all(inner.outputs)))
  }
}

type Derived = Derivative<SegmentedPolynomial>

function after([inner, first]: Derived, differentiate: (inner: SegmentedPolynomial) => Derived): Derived {
  const [outer, second] = differentiate(inner)
  const map: ArgumentMap = (inputs, outputs) => second(...first(inputs, outputs))
  return [outer, map]
}

function all(operands: readonly unknown[]): readonly boolean[] {
  return operands.map(() => true)
}
