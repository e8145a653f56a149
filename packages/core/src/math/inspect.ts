/** Node prints an object with a method of this name by calling it; elsewhere it is an ordinary unused symbol. */
export const inspectSymbol: unique symbol = Symbol.for('nodejs.util.inspect.custom') as never
