import { InterpreterDevice, type DeviceFinding } from '@equivar/core'
import { describe, expect, it } from 'vitest'
import { examine, type Examination } from '../../src/cli/doctor.ts'
import { runCli } from '../../src/cli/program.ts'
import { testContext } from './support.ts'

const nameOf = (kind: DeviceFinding['kind']) => (kind === 'cuda' ? 'cuda:0' : kind)
const absent = (kind: DeviceFinding['kind'], reason: string): DeviceFinding => ({
  kind,
  name: nameOf(kind),
  backend: null,
  refused: [{ name: nameOf(kind), reason }],
  remedy: `install ${kind}`,
})
const present = (kind: DeviceFinding['kind']): DeviceFinding => ({ ...absent(kind, ''), backend: new InterpreterDevice(), refused: [], remedy: null })
const machine = (devices: readonly DeviceFinding[], fails: readonly string[] = []): Examination => ({
  survey: async () => devices,
  check: async (name) => (fails.includes(name) ? { passed: false, detail: 'off by one' } : { passed: true, detail: 'as good as equal' }),
})
const told = async (examination: Examination) => {
  const context = testContext()
  await examine({ json: false }, context, examination)
  return context.stdout.text
}

describe('equivar doctor', () => {
  it('looks at this machine, where the kernels of the processor compute rightly', async () => {
    const context = testContext()
    expect(await runCli(['doctor', '--json'], context)).toBe(0)
    const found = JSON.parse(context.stdout.text) as { devices: { kind: string; description: string | null; check: object | null }[]; chosen: string }
    const { devices, chosen } = found
    expect(devices.map(({ kind }) => kind)).toEqual(['cuda', 'webgpu', 'cpu'])
    // The advice about multiply-add reads this text.
    expect(devices[2]).toMatchObject({ description: expect.stringMatching(/^WebAssembly SIMD with(?:out)? relaxed multiply-add/) as string, check: { passed: true } })
    expect(chosen).toBe(devices.find(({ description }) => description !== null)?.kind.replace('cuda', 'cuda:0'))
    expect(context.stderr.text).toBe('')
  })

  it('says why a faster device is not there, and how to get it', async () => {
    const text = await told(machine([absent('cuda', 'no driver'), absent('webgpu', 'no adapter'), present('cpu')]))
    expect(text).toMatch(/^cuda:0 +none +no driver$/m)
    expect(text).toMatch(/^cpu +works +interpreter of kernels/m)
    expect(text).toMatch(/^auto +cpu$/m)
    expect(text.split('To be faster\n')[1]).toBe('  · for cuda:0: install cuda\n  · for webgpu: install webgpu\n')
  })

  it('advises nothing slower than what is there, but how to use it', async () => {
    const text = await told(machine([present('cuda'), absent('webgpu', 'no adapter'), present('cpu')]))
    expect(text).toMatch(/^auto +cuda:0$/m)
    expect(text.split('To be faster\n')[1]).toBe('  · the command computes on the processor unless it is told --backend cuda, or --backend auto\n')
  })

  it('warns of a device that computes wrongly', async () => {
    const text = await told(machine([present('cuda'), present('cpu')], ['cuda:0']))
    expect(text).toMatch(/^cuda:0 +FAILS/m)
    expect(text).toMatch(/do not use cuda:0: its kernels fail a check \(off by one\)/)
  })

  it('has plain TypeScript where there is nothing else', async () => {
    expect(await told(machine([absent('cpu', 'no SIMD')]))).toMatch(/^auto +cpu, in plain TypeScript$/m)
  })
})
