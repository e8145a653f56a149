const tables = makeTables()

/** Four tables, so that the loop takes four bytes a step ("slicing by four"). */
function makeTables(): readonly Uint32Array[] {
  const first = Uint32Array.from({ length: 256 }, (_, n) => {
    let c = n
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1
    return c >>> 0
  })
  const all = [first]
  for (let k = 1; k < 4; k++) {
    const previous = all[k - 1] ?? first
    all.push(previous.map((c) => (c >>> 8) ^ (first[c & 0xff] ?? 0)))
  }
  return all
}

/** CRC-32 of zip and gzip (reflected polynomial 0xedb88320). */
export function crc32(bytes: Uint8Array): number {
  const [t0, t1, t2, t3] = tables as readonly [Uint32Array, Uint32Array, Uint32Array, Uint32Array]
  let crc = 0xffffffff
  let i = 0
  for (const end = bytes.length - 3; i < end; i += 4) {
    crc ^= at(bytes, i) | (at(bytes, i + 1) << 8) | (at(bytes, i + 2) << 16) | (at(bytes, i + 3) << 24)
    crc = at(t3, crc & 0xff) ^ at(t2, (crc >>> 8) & 0xff) ^ at(t1, (crc >>> 16) & 0xff) ^ at(t0, crc >>> 24)
  }
  for (; i < bytes.length; i++) crc = at(t0, (crc ^ at(bytes, i)) & 0xff) ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}

function at(array: Uint8Array | Uint32Array, index: number): number {
  return array[index] ?? 0
}
