import { type RegisterClass, registerTypes } from './types.ts'

/** Lines of a kernel and the registers that they use. */
export class PtxWriter {
  readonly #prologue: string[] = []
  readonly #lines: string[] = []
  readonly #counts = new Map<RegisterClass, number>()
  readonly #early = new Map<string, string>()
  #scopes: readonly Map<string, string>[] = [new Map()]
  #numLabels = 0

  register(kind: RegisterClass): string {
    const count = this.#counts.get(kind) ?? 0
    this.#counts.set(kind, count + 1)
    return `%${kind}${count}`
  }

  line(text: string): void {
    this.#lines.push(`  ${text};`)
  }

  label(): string {
    return `L${this.#numLabels++}`
  }

  place(label: string): void {
    this.#lines.push(`${label}:`)
  }

  comment(text: string): void {
    this.#lines.push(`  // ${text}`)
  }

  /** A new register with the result of an instruction: `define('r', (to) => 'add.s32 …')`. */
  define(kind: RegisterClass, text: (to: string) => string): string {
    const to = this.register(kind)
    this.line(text(to))
    return to
  }

  /** What was made under a key where it is still valid, or made now; valid until the end of the scope. */
  known(key: string, make: () => string): string {
    const found = this.#early.get(key) ?? this.#scopes.find((scope) => scope.has(key))?.get(key)
    if (found !== undefined) return found
    const made = make()
    this.#scopes[0]?.set(key, made)
    return made
  }

  /** Made once in front of everything else, from what was made there. */
  early(key: string, kind: RegisterClass, text: (to: string) => string): string {
    const found = this.#early.get(key)
    if (found !== undefined) return found
    const to = this.register(kind)
    this.#prologue.push(`  ${text(to)};`)
    this.#early.set(key, to)
    return to
  }

  earlyLine(text: string): void {
    this.#prologue.push(`  ${text};`)
  }

  /** What is made inside is forgotten after. */
  inScope(run: () => void): void {
    const outside = this.#scopes
    this.#scopes = [new Map(), ...outside]
    run()
    this.#scopes = outside
  }

  /** Declarations of registers, then all lines. */
  text(): string {
    const declarations = [...this.#counts].map(([kind, count]) => `  .reg ${registerTypes[kind]} %${kind}<${count}>;`)
    return [...declarations, ...this.#prologue, ...this.#lines].join('\n')
  }
}
