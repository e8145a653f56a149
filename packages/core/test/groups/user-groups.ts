import * as cue from '../../src/index.ts'

/** The group of two elements: an irrep changes sign under the swap, or does not. */
export class Z2 extends cue.Irrep {
  readonly odd: boolean
  readonly dim = 1

  constructor(odd: boolean) {
    super()
    this.odd = odd
  }

  static override fromString(text: string) {
    if (text !== 'odd' && text !== 'even') throw new cue.IrrepsError(`'${text}' is no irrep of Z2; write 'odd' or 'even'`)
    return new Z2(text === 'odd')
  }

  static override *product(a: Z2, b: Z2) { yield new Z2(a.odd !== b.odd) }
  static override compare(a: Z2, b: Z2) { return Number(a.odd) - Number(b.odd) }
  static override *iterator() { yield new Z2(false); yield new Z2(true) }
  static override clebschGordan(a: Z2, b: Z2, c: Z2) {
    return (a.odd !== b.odd) === c.odd ? cue.HostArray.from([[[1]]]) : cue.emptyClebschGordan(a, b, c)
  }

  algebra() { return cue.HostArray.zeros([0, 0, 0]) }
  continuousGenerators() { return cue.HostArray.zeros([0, 1, 1]) }
  discreteGenerators() { return cue.HostArray.from([[[this.odd ? -1 : 1]]]) }
  toString() { return this.odd ? 'odd' : 'even' }
}

// The class of the tutorial, as a user writes it.
const { wigner3j } = cue
class O3E3nn extends cue.O3 {
  static override *product(a: O3E3nn, b: O3E3nn) { for (const ir of cue.O3.product(a, b)) yield new O3E3nn(ir.l, ir.p) }
  static override clebschGordan(a: O3E3nn, b: O3E3nn, c: O3E3nn) {
    return a.p * b.p === c.p ? wigner3j(a.l, b.l, c.l).scale(Math.sqrt(c.dim)) : cue.emptyClebschGordan(a, b, c)
  }

  static override compare(a: O3E3nn, b: O3E3nn) { return a.l - b.l || a.p - b.p }
  static override *iterator() { for (let l = 0; ; l++) { yield new O3E3nn(l, (-1) ** l); yield new O3E3nn(l, -((-1) ** l)) } }
}

export const handWrittenO3E3nn = O3E3nn
