/** What a thread of a warp has of a, b and the sums, and where in the matrices it lies, by the number of the thread. */
interface Layout {
  readonly rows: number
  readonly columns: number
  readonly depth: number
  readonly a: readonly (readonly [row: number, step: number])[]
  readonly b: readonly (readonly [step: number, column: number])[]
  readonly sums: readonly (readonly [row: number, column: number])[]
}

function layoutOf(thread: number, isSingle: boolean): Layout {
  const [group, rest] = [thread >> 2, thread & 3]
  const pair = (row: number) => [[row, 2 * rest], [row, 2 * rest + 1]] as const
  if (!isSingle) return { rows: 8, columns: 8, depth: 4, a: [[group, rest]], b: [[rest, group]], sums: pair(group) }
  return {
    rows: 16, columns: 8, depth: 8,
    a: [[group, rest], [group + 8, rest], [group, rest + 4], [group + 8, rest + 4]],
    b: [[rest, group], [rest + 4, group]],
    sums: [...pair(group), ...pair(group + 8)],
  }
}

/** `sums + a · b` of a warp: m16n8k8 of TensorFloat-32 where a thread has four elements of a, m8n8k4 of float64 where it has one. */
export function multiplyMatrices(threads: readonly (readonly (readonly number[])[])[]): readonly (readonly number[])[] {
  const isSingle = threads[0]?.[0]?.length === 4
  const { rows, columns, depth } = layoutOf(0, isSingle)
  const [a, b, c] = [new Float64Array(rows * depth), new Float64Array(depth * columns), new Float64Array(rows * columns)]
  for (const [thread, factors] of threads.entries()) {
    const own = layoutOf(thread, isSingle)
    for (const [k, [row, step]] of own.a.entries()) a[row * depth + step] = factors[0]?.[k] ?? Number.NaN
    for (const [k, [step, column]] of own.b.entries()) b[step * columns + column] = factors[1]?.[k] ?? Number.NaN
    for (const [k, [row, column]] of own.sums.entries()) c[row * columns + column] = factors[2]?.[k] ?? Number.NaN
  }
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      let sum = c[row * columns + column] ?? 0
      for (let step = 0; step < depth; step++) sum += (a[row * depth + step] ?? 0) * (b[step * columns + column] ?? 0)
      c[row * columns + column] = isSingle ? Math.fround(sum) : sum
    }
  return threads.map((_, thread) => layoutOf(thread, isSingle).sums.map(([row, column]) => c[row * columns + column] ?? 0))
}
