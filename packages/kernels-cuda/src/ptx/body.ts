import * as kernels from '@equivar/core/kernels'
import { writeLoad, writeStores, writeVectorLoad } from './access.ts'
import { writeBinary, writeBitcast, writeCompare, writeFma, writeSelect, writeUnary } from './arithmetic.ts'
import { writeAtomic } from './atomics.ts'
import { writeConvert } from './convert.ts'
import { findCopies, writeCopy } from './copies.ts'
import { holdTiles } from './matrix-units.ts'
import { findInvariant } from './invariant-loads.ts'
import { findBatches, writeBatch } from './reduce-batch.ts'
import { writeReduce } from './reduce.ts'
import { warpSize } from './shape.ts'
import { memoryType } from './shuffle.ts'
import type { PtxState } from './state.ts'
import { writeTile } from './tile.ts'
import type { RegisterClass } from './types.ts'

export function writeBlock(state: PtxState, block: kernels.Block): void {
  const copies = findCopies(state, block)
  const loads = kernels.adjacentLoads(state.forms, block.filter((instruction) => !copies.done.has(instruction)))
  const sums = findBatches(state, block, state.uses)
  const stores = kernels.adjacentStores(state.forms, block.filter((instruction) => !sums.done.has(instruction) && !copies.done.has(instruction)))
  for (const instruction of block) {
    const copied = copies.groups.get(instruction)
    if (copied) writeCopy(state, copied)
    if (copies.done.has(instruction)) continue
    const together = loads.groups.get(instruction)
    const stored = stores.groups.get(instruction)
    const batch = sums.batches.get(instruction)
    if (together) writeVectorLoad(state, together)
    else if (batch) writeBatch(state, batch)
    else if (stored && !sums.done.has(instruction)) writeStores(state, stored)
    else if (!loads.done.has(instruction) && !sums.done.has(instruction) && !stores.done.has(instruction)) writeInstruction(state, instruction)
  }
}

function writeInstruction(state: PtxState, instruction: kernels.Instruction): void {
  switch (instruction.op) {
    case 'constant':
      state.constant(instruction.result, instruction.value)
      return
    case 'parameter':
      state.set(instruction.result, parameter(state, instruction.parameter))
      return
    case 'programId':
      state.set(instruction.result, state.programId(instruction.axis))
      return
    case 'lane':
      state.set(instruction.result, state.laneIndex)
      return
    case 'unary':
      writeUnary(state, instruction)
      return
    case 'binary':
      writeBinary(state, instruction)
      return
    case 'compare':
      writeCompare(state, instruction)
      return
    case 'select':
      writeSelect(state, instruction)
      return
    case 'fma':
      writeFma(state, instruction)
      return
    case 'convert':
      writeConvert(state, instruction)
      return
    case 'bitcast':
      writeBitcast(state, instruction)
      return
    case 'load':
    case 'loadLanes':
      writeLoad(state, instruction)
      return
    case 'store':
    case 'storeLanes':
      writeStores(state, [instruction])
      return
    case 'atomic':
      writeAtomic(state, instruction)
      return
    case 'reduce':
      writeReduce(state, instruction)
      return
    case 'barrier':
      state.barrier()
      return
    case 'tileMultiplyAdd':
      writeTile(state, instruction)
      return
    case 'loop':
      writeLoop(state, instruction)
      return
    case 'branch':
      writeBranch(state, instruction)
  }
}

function parameter(state: PtxState, slot: number): string {
  const { writer, entry, kernel } = state
  const own = entry.parameters[slot]
  const scalar = kernel.parameters[slot]?.scalar
  const kind: RegisterClass = scalar === 'f32' ? 'f' : scalar === 'f64' ? 'd' : scalar === 'index' ? state.indexClass : 'r'
  return writer.early(`parameter ${slot}`, kind, (to) => `ld.param.${own?.type ?? ''} ${to}, [${own?.name ?? ''}]`)
}

/** What all threads of a warp do alike may be said to be so. */
function jump({ shape }: PtxState, condition: string, label: string): string {
  return `@${condition} bra${shape.threads >= warpSize ? '.uni' : ''} ${label}`
}

function writeLoop(state: PtxState, loop: kernels.LoopInstruction): void {
  const { counter, start, end, step, carried, body } = loop
  const { writer, indexSuffix, indexClass } = state
  for (const load of findInvariant(state, loop)) state.readInTurn.add(load)
  const move = (kind: RegisterClass, to: string, from: string) => {
    if (to !== from) writer.line(`mov.${memoryType(kind)} ${to}, ${from}`)
  }
  const [last, by] = [state.use(end), state.use(step)]
  const release = holdTiles(state, body, (value) => state.has(value))
  const count = state.define(counter)
  const values = carried.map(({ initial, inside, next, result }) => {
    const from = state.use(initial)
    const register = state.define(inside)
    move(state.classOf(inside), register, from)
    state.set(result, register)
    return { register, kind: state.classOf(inside), next }
  })
  move(indexClass, count, state.use(start))
  const [begin, behind] = [writer.label(), writer.label()]
  const isDone = writer.define('p', (to) => `setp.ge.${indexSuffix} ${to}, ${count}, ${last}`)
  writer.line(jump(state, isDone, behind))
  writer.place(begin)
  writer.inScope(() => {
    writeBlock(state, body)
    // What is handed on may stand where another value goes: it waits aside until all are read.
    const own = new Set(values.map(({ register }) => register))
    const moves = values.map(({ register, kind, next }) => {
      const from = state.use(next)
      return { register, kind, from: from !== register && own.has(from) ? writer.define(kind, (to) => `mov.${memoryType(kind)} ${to}, ${from}`) : from }
    })
    for (const { register, kind, from } of moves) move(kind, register, from)
  })
  writer.line(`add.${indexSuffix} ${count}, ${count}, ${by}`)
  const goesOn = writer.define('p', (to) => `setp.lt.${indexSuffix} ${to}, ${count}, ${last}`)
  writer.line(jump(state, goesOn, begin))
  writer.place(behind)
  release()
}

function writeBranch(state: PtxState, { condition, then, otherwise, results }: Extract<kernels.Instruction, { readonly op: 'branch' }>): void {
  const { writer } = state
  const registers = results.map(({ result }) => state.writer.register(state.classOf(result)))
  const write = (block: kernels.Block, values: readonly kernels.ValueId[]) => {
    writer.inScope(() => {
      writeBlock(state, block)
      for (const [k, value] of values.entries()) {
        const result = results[k]?.result
        if (result !== undefined) writer.line(`mov.${memoryType(state.classOf(result))} ${registers[k] ?? ''}, ${state.use(value)}`)
      }
    })
  }
  const [other, behind] = [writer.label(), writer.label()]
  const isFalse = writer.define('p', (to) => `not.pred ${to}, ${state.use(condition)}`)
  const hasOther = otherwise.length > 0 || results.length > 0
  writer.line(jump(state, isFalse, hasOther ? other : behind))
  write(then, results.map((result) => result.then))
  if (hasOther) {
    writer.line(`bra${state.shape.threads >= warpSize ? '.uni' : ''} ${behind}`)
    writer.place(other)
    write(otherwise, results.map((result) => result.otherwise))
  }
  writer.place(behind)
  for (const [k, { result }] of results.entries()) state.set(result, registers[k] ?? '')
}
