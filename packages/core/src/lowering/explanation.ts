import type { Explanation, KernelExplanation } from './explain.ts'
import type { Method, Plan } from './plan.ts'

/** What is run for a plan, added up kernel by kernel. */
export function explainPlan(method: Method, reason: string, plan: Plan): Explanation {
  const kernels = new Map<string, KernelExplanation>()
  for (const { kernel, flops, bytes } of plan.launches) {
    const known = kernels.get(kernel.name)
    kernels.set(kernel.name, {
      name: kernel.name,
      launches: (known?.launches ?? 0) + 1,
      flops: (known?.flops ?? 0) + flops,
      bytes: (known?.bytes ?? 0) + bytes,
    })
  }
  const list = [...kernels.values()]
  const flops = list.reduce((sum, kernel) => sum + kernel.flops, 0)
  const bytes = list.reduce((sum, kernel) => sum + kernel.bytes, 0)
  const intensity = bytes === 0 ? 0 : flops / bytes
  return { method, reason, kernels: list, flops, bytes, intensity, toString: () => textOf(method, reason, list, flops, bytes, intensity) }
}

function textOf(method: Method, reason: string, kernels: readonly KernelExplanation[], flops: number, bytes: number, intensity: number): string {
  const line = (name: string, launches: string, work: number, traffic: number) => `  ${name.padEnd(28)} ${launches.padStart(4)} ${inUnits(work, 'flop').padStart(12)} ${inUnits(traffic, 'B').padStart(10)}`
  return [
    `${method}: ${reason}`,
    ...kernels.map((kernel) => line(kernel.name, `${kernel.launches}×`, kernel.flops, kernel.bytes)),
    `${line('together', '', flops, bytes)}  ${intensity.toPrecision(3)} flop/B`,
  ].join('\n')
}

function inUnits(value: number, unit: string): string {
  const prefixes = ['', 'k', 'M', 'G', 'T']
  let scaled = value
  let k = 0
  while (scaled >= 1000 && k < prefixes.length - 1) {
    scaled /= 1000
    k++
  }
  return `${scaled < 10 && k > 0 ? scaled.toFixed(2) : scaled.toFixed(k > 0 ? 1 : 0)} ${prefixes[k] ?? ''}${unit}`
}
