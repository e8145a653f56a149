import type { BackendDevice } from '../../backend/index.ts'
import { InternalError } from '../../errors.ts'
import { interpret } from '../../kernels/index.ts'
import type { KernelCase } from '../cases.ts'
import { distanceOf } from '../compare.ts'
import { type Elements, GuardedMemory } from '../guarded.ts'
import { muchWork } from '../polynomials/run.ts'
import { Random } from '../random.ts'
import type { KernelProblem } from './problem.ts'
import { kernelProblems } from './problems.ts'

export function kernelCases(seed: number): KernelCase[] {
  return Object.keys(kernelProblems).map((name) => ({ category: 'kernel', name: `kernel/${name}`, seed }))
}

/** The kernel of a case and its data: the same for the same case. */
export function kernelProblemOf({ name, seed }: KernelCase): KernelProblem {
  const make = kernelProblems[name.replace(/^kernel\//, '')]
  if (!make) throw new InternalError(`there is no kernel case '${name}'`)
  return make(new Random(`${seed} ${name}`))
}

/** What went wrong, or nothing. @throws whatever the device throws. */
export async function runKernelCase(own: KernelCase, device: BackendDevice): Promise<string | null> {
  const { kernel, grid, parameters = {}, buffers, tolerance = { ofEach: 0 } } = kernelProblemOf(own)
  const [separate, fused] = (['separate', 'fused'] as const).map((fma) => {
    const copies = Object.fromEntries(Object.entries(buffers).map(([name, data]) => [name, data.slice()]))
    interpret(kernel, { grid, parameters, buffers: copies }, { findsRaces: false, fma })
    return copies
  })
  const memories = kernel.buffers.map(({ name, scalar }) => ({ name, memory: GuardedMemory.of(device, scalar, buffers[name] ?? new Int32Array(0)) }))
  try {
    device.enqueue({
      executable: device.compile(kernel),
      grid,
      parameters: kernel.parameters.map(({ name }) => parameters[name] ?? Number.NaN),
      buffers: memories.map(({ memory }) => memory.binding),
      work: muchWork,
    })
    for (const { name, memory } of memories) {
      const got = await memory.read(`buffer '${name}'`)
      const wrong = difference(got, separate?.[name] ?? got, fused?.[name] ?? got, tolerance)
      if (wrong !== null) return `buffer '${name}': ${wrong}`
    }
    return null
  } finally {
    for (const { memory } of memories) memory.release()
  }
}

function difference(got: Elements, separate: Elements, fused: Elements, tolerance: NonNullable<KernelProblem['tolerance']>): string | null {
  const { largest } = distanceOf(separate, separate)
  for (const [k, value] of got.entries()) {
    const [first, second] = [separate[k] ?? Number.NaN, fused[k] ?? Number.NaN]
    if (isSame(value, first) || isSame(value, second)) continue
    // Subnormals may be flushed.
    const subnormal = got instanceof Float32Array ? 2 ** -126 : got instanceof Float64Array ? 2 ** -1022 : 0
    const allowed = Math.max(subnormal, 'ofEach' in tolerance ? tolerance.ofEach * Math.abs(first) : tolerance.ofLargest * largest)
    if (!(Math.abs(value - first) <= allowed)) return `element ${k} is ${value}, the interpreter has ${first}${first === second ? '' : ` or ${second}`}; ${allowed} more or less is allowed`
  }
  return null
}

function isSame(a: number, b: number): boolean {
  return a === b || (Number.isNaN(a) && Number.isNaN(b))
}
