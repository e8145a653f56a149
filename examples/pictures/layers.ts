import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { drawing, element, text } from './svg.ts'

interface PackageBox {
  readonly name: string
  readonly folders: readonly string[]
  readonly needs: readonly string[]
}

/** The packages of a folder as boxes with their folders, above what they need: drawn from the manifests and the file system. */
export function layersPicture(packagesFolder: string): string {
  const boxes = readdirSync(packagesFolder).map((folder) => readBox(packagesFolder, folder))
  const level = (name: string): number => 1 + Math.max(-1, ...(boxes.find((box) => box.name === name)?.needs ?? []).map(level))
  const levels = Array.from({ length: 1 + Math.max(...boxes.map(({ name }) => level(name))) }, (_, n) => boxes.filter(({ name }) => level(name) === n))
  const [boxWidth, gap, lineHeight] = [196, 26, 16]
  const width = Math.max(...levels.map((row) => row.length * (boxWidth + gap) + gap))
  const heightOf = (row: readonly PackageBox[]) => 46 + lineHeight * Math.max(...row.map(({ folders }) => Math.ceil(folders.length / 2)))
  const places = new Map<string, { readonly x: number; readonly y: number; readonly height: number }>()
  let y = 20
  for (const row of [...levels].reverse()) {
    for (const [i, { name }] of row.entries())
      places.set(name, { x: (width - row.length * (boxWidth + gap) + gap) / 2 + i * (boxWidth + gap), y, height: heightOf(row) })
    y += heightOf(row) + 50
  }
  const arrows: string[] = []
  const drawn: string[] = []
  for (const { name, folders, needs } of boxes) {
    const own = places.get(name)
    if (own === undefined) continue
    for (const need of needs) {
      const below = places.get(need)
      const isImplied = needs.some((other) => other !== need && boxes.find((box) => box.name === other)?.needs.includes(need))
      if (below === undefined || isImplied) continue
      const [x1, y1, x2, y2] = [own.x + boxWidth / 2, own.y + own.height, below.x + boxWidth / 2, below.y]
      arrows.push(element('path', { d: `M${x1} ${y1}C${x1} ${y1 + 30} ${x2} ${y2 - 30} ${x2} ${y2}`, fill: 'none', stroke: '#777', 'stroke-width': 1.5 }))
    }
    drawn.push(element('rect', { x: own.x, y: own.y, width: boxWidth, height: own.height, rx: 8, fill: '#e9f1fb', stroke: '#1565c0' }))
    drawn.push(text(own.x + boxWidth / 2, own.y + 22, name, { 'font-weight': 'bold', 'font-size': 15 }))
    for (const [i, folder] of folders.entries())
      drawn.push(text(own.x + (i % 2 === 0 ? 0.26 : 0.74) * boxWidth, own.y + 44 + lineHeight * Math.floor(i / 2), folder, { 'font-size': 12, fill: '#333' }))
  }
  return drawing(width, y - 30, 'Packages, their folders and what they depend on', [...arrows, ...drawn])
}

function readBox(packagesFolder: string, folder: string): PackageBox {
  const manifest = JSON.parse(readFileSync(join(packagesFolder, folder, 'package.json'), 'utf8')) as { readonly dependencies?: Readonly<Record<string, string>> }
  const entries = readdirSync(join(packagesFolder, folder, 'src'), { withFileTypes: true })
  return {
    name: folder,
    folders: entries.filter((entry) => entry.isDirectory()).map(({ name }) => name).sort(),
    needs: Object.keys(manifest.dependencies ?? {}).filter((name) => name.startsWith('@equivar/')).map((name) => name.replace('@equivar/', '')),
  }
}
