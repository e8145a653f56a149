import { EquivariantPolynomial } from './equivariant-polynomial.ts'

/** @deprecated The old name of {@link EquivariantPolynomial}. */
export const EquivariantTensorProduct = EquivariantPolynomial

/** @deprecated The old name of {@link EquivariantPolynomial}. */
export type EquivariantTensorProduct = EquivariantPolynomial
