import { constantOf, type Region, type Statement, type Value } from './graph.ts'
import { regionsOf } from './schedule.ts'

type Store = Extract<Statement, { readonly kind: 'store' }>

/** Vectors that are made for one part of the lanes and wait for others; more would not stay in registers. */
const mostSharedVectors = 6

/**
 * Brings code without loops and branches into the order of the lanes' vectors: all that the first needs up to its stores, then
 * the second. An instruction for all lanes at a time would hold all vectors of all values.
 */
export function orderByParts(region: Region): void {
  const { statements } = region
  const ordered: Statement[] = []
  let run: Statement[] = []
  const close = () => {
    ordered.push(...orderedRun(run))
    run = []
  }
  for (const statement of statements) {
    const isStraight = statement.kind === 'store' || (statement.kind === 'value' && statement.value.source.kind !== 'call')
    if (isStraight) run.push(statement)
    else {
      close()
      ordered.push(statement)
      for (const inner of regionsOf(statement)) orderByParts(inner)
    }
  }
  close()
  statements.splice(0, statements.length, ...ordered)
}

function orderedRun(run: readonly Statement[]): readonly Statement[] {
  const stores = run.filter((statement): statement is Store => statement.kind === 'store')
  if (new Set(stores.map(({ part }) => part)).size < 2) return run
  const written = new Set(stores.map(({ memory }) => memory))
  const own = new Map<Value, Statement>()
  for (const statement of run) {
    if (statement.kind !== 'value') continue
    const { source } = statement.value
    // What is read and written in one run keeps its order.
    if (source.kind === 'load' && written.has(source.memory)) return run
    own.set(statement.value, statement)
  }
  const byPart = [...stores].sort((a, b) => a.part - b.part)
  const result: Statement[] = []
  const homes = new Map<Value, number>()
  let shared = 0
  for (const store of byPart) {
    const demand = (value: Value) => {
      if (!own.has(value) || constantOf(value) !== undefined) return false
      const home = homes.get(value)
      if (home === undefined) return true
      if (home !== store.part && value.type === 'v128') {
        homes.set(value, store.part)
        shared++
      }
      return false
    }
    for (const value of inOrderOfNeed(store.args, demand, (made) => homes.set(made, store.part))) {
      const statement = own.get(value)
      if (statement) result.push(statement)
    }
    result.push(store)
  }
  if (shared > mostSharedVectors) return run
  // What later code needs, and constants.
  const rest = run.filter((statement) => statement.kind === 'value' && !homes.has(statement.value))
  return [...rest.filter((statement) => isConstant(statement)), ...result, ...rest.filter((statement) => !isConstant(statement))]
}

function isConstant(statement: Statement): boolean {
  return statement.kind === 'value' && constantOf(statement.value) !== undefined
}

/** Values and what they are made of, arguments first, each once. */
function inOrderOfNeed(roots: readonly Value[], isNeeded: (value: Value) => boolean, note: (value: Value) => void): readonly Value[] {
  const order: Value[] = []
  const stack = [...roots].reverse().map((value) => ({ value, isOpen: false }))
  for (let top = stack.pop(); top; top = stack.pop()) {
    const { value, isOpen } = top
    if (isOpen) {
      order.push(value)
      continue
    }
    if (!isNeeded(value)) continue
    note(value)
    stack.push({ value, isOpen: true })
    for (const arg of [...value.args].reverse()) stack.push({ value: arg, isOpen: false })
  }
  return order
}
