import { InputError } from '@equivar/core'
import { describe, expect, it } from 'vitest'
import { readSafetensors, writeSafetensors, type NamedTensor } from '../src/index.ts'
import { concat, text, u64 } from './support/zip-writer.ts'

describe('safetensors', () => {
  it('give back what was written, with aligned numbers', () => {
    const tensors = new Map<string, NamedTensor>([
      ['flags', { dtype: 'bool', shape: [3], data: Uint8Array.of(1, 0, 1) }],
      ['single', { dtype: 'float32', shape: [], data: Float32Array.of(-0.1) }],
      ['empty', { dtype: 'float64', shape: [0, 4], data: new Float64Array(0) }],
      ['double', { dtype: 'float64', shape: [2, 1], data: Float64Array.of(NaN, 1e-320) }],
      ['integers', { dtype: 'int32', shape: [2], data: Int32Array.of(-1, 2 ** 31 - 1) }],
      ['__proto__', { dtype: 'int32', shape: [1], data: Int32Array.of(5) }],
    ])
    const metadata = new Map([['note', 'größer'], ['empty', '']])
    const bytes = writeSafetensors(tensors, metadata)
    const headerLength = new DataView(bytes.buffer).getBigUint64(0, true)
    expect(headerLength % 8n).toBe(0n)
    const again = readSafetensors(bytes)
    expect(again.metadata).toEqual(metadata)
    expect(Object.fromEntries(again.tensors)).toEqual(Object.fromEntries(tensors))
    expect(readSafetensors(writeSafetensors(new Map())).tensors.size).toBe(0)
    // A buffer of Node is a view into a pool, and copies otherwise than other bytes do.
    expect(Object.fromEntries(readSafetensors(Buffer.from(bytes)).tensors)).toEqual(Object.fromEntries(tensors))
  })

  it('written by others are read: any order, small floats, wide integers', () => {
    const header = text(
      JSON.stringify({
        b: { dtype: 'BF16', shape: [2], data_offsets: [8, 12] },
        a: { dtype: 'I64', shape: [1], data_offsets: [0, 8] },
        c: { dtype: 'F16', shape: [1, 1], data_offsets: [12, 14] },
      }),
    )
    const data = concat([u64(7n), Uint8Array.of(0x80, 0x3f, 0, 0xc0), Uint8Array.of(0, 0x3c)])
    const { tensors } = readSafetensors(concat([u64(BigInt(header.length)), header, data]))
    expect(tensors.get('a')).toEqual({ dtype: 'int32', shape: [1], data: Int32Array.of(7) })
    expect(tensors.get('b')).toEqual({ dtype: 'float32', shape: [2], data: Float32Array.of(1, -2) })
    expect(tensors.get('c')?.data).toEqual(Float32Array.of(1))
  })

  it('are not written from tensors that contradict themselves', () => {
    const write = (tensor: NamedTensor) => writeSafetensors(new Map([['x', tensor]]))
    expect(() => write({ dtype: 'float64', shape: [2], data: new Float64Array(3) })).toThrow(InputError)
    expect(() => write({ dtype: 'float64', shape: [2], data: new Float32Array(2) })).toThrow(InputError)
    expect(() => writeSafetensors(new Map([['__metadata__', { dtype: 'bool', shape: [0], data: new Uint8Array(0) }]]))).toThrow(InputError)
  })
})
