import type { Explanation, KernelExplanation } from '../explain.ts'
import type { Method, Plan } from '../plan.ts'

/** What a plan runs, added up. */
export function explainPlan(method: Method, reason: string, { launches }: Plan): Explanation {
  const byName = new Map<string, KernelExplanation>()
  for (const { kernel, flops, bytes } of launches) {
    const known = byName.get(kernel.name)
    byName.set(kernel.name, { name: kernel.name, launches: (known?.launches ?? 0) + 1, flops: (known?.flops ?? 0) + flops, bytes: (known?.bytes ?? 0) + bytes })
  }
  const kernels = [...byName.values()]
  const [flops, bytes] = [kernels.reduce((total, kernel) => total + kernel.flops, 0), kernels.reduce((total, kernel) => total + kernel.bytes, 0)]
  const lines = kernels.map((kernel) => `  ${kernel.name}: ${kernel.launches} launches, ${kernel.flops} flops, ${kernel.bytes} bytes`)
  const text = [`${method}: ${reason}`, ...lines].join('\n')
  return { method, reason, kernels, flops, bytes, intensity: bytes === 0 ? 0 : flops / bytes, toString: () => text }
}
