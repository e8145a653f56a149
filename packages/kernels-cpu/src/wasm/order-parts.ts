import { constantOf, type Region, type Statement, type Value } from './graph.ts'
import { regionsOf } from './schedule.ts'

type Store = Extract<Statement, { readonly kind: 'store' }>

/** Vectors of the lanes that are worked on together, so that one need not wait for what it computes itself. */
const partsTogether = 4
/** Vectors that are made for some parts of the lanes and wait for others; more would not stay in registers. */
const mostSharedVectors = 6

/**
 * Brings code without loops and branches into the order of the lanes' vectors: all that the first few need up to their stores,
 * then the next. An instruction for all lanes at a time would hold all vectors of all values.
 */
export function orderByParts(region: Region): void {
  const { statements } = region
  const ordered: Statement[] = []
  let run: Statement[] = []
  const close = () => {
    for (const statement of orderedRun(run)) ordered.push(statement)
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
  // One by one: there may be more than a call takes.
  for (const [k, statement] of ordered.entries()) statements[k] = statement
}

const groupOf = ({ part }: Store) => Math.floor(part / partsTogether)

function orderedRun(run: readonly Statement[]): readonly Statement[] {
  const stores = run.filter((statement): statement is Store => statement.kind === 'store')
  if (new Set(stores.map(groupOf)).size < 2) return run
  const written = new Set(stores.map(({ memory }) => memory))
  // What is read and written in one run keeps its order.
  if (run.some((statement) => statement.kind === 'value' && statement.value.source.kind === 'load' && written.has(statement.value.source.memory))) return run
  const groups = groupsOfNeed(run, stores)
  if (!groups) return run
  const rank = (statement: Statement): number => {
    if (statement.kind === 'store') return groupOf(statement)
    if (statement.kind !== 'value') return Infinity
    // What only later code needs comes last.
    return constantOf(statement.value) === undefined ? (groups.get(statement.value) ?? Infinity) : -1
  }
  return run
    .map((statement) => ({ statement, rank: rank(statement) }))
    .sort((a, b) => (a.rank === b.rank ? 0 : a.rank - b.rank))
    .map(({ statement }) => statement)
}

/** The first group of stores that needs each value; `undefined` if many values are needed by several. */
function groupsOfNeed(run: readonly Statement[], stores: readonly Store[]): ReadonlyMap<Value, number> | undefined {
  const own = new Set(run.flatMap((statement) => (statement.kind === 'value' ? [statement.value] : [])))
  const groups = new Map<Value, number>()
  const shared = new Set<Value>()
  for (const store of [...stores].sort((a, b) => a.part - b.part)) {
    const group = groupOf(store)
    const open = [...store.args]
    for (let value = open.pop(); value; value = open.pop()) {
      if (!own.has(value) || constantOf(value) !== undefined) continue
      const known = groups.get(value)
      if (known === undefined) {
        groups.set(value, group)
        open.push(...value.args)
      } else if (known !== group && value.type === 'v128') shared.add(value)
    }
  }
  return shared.size > mostSharedVectors ? undefined : groups
}
