/** Colours that are told apart by most eyes, on white. */
export const colors = ['#1565c0', '#e07b00', '#2e7d32', '#8e24aa', '#c62828', '#00838f'] as const

export type Attributes = Readonly<Record<string, string | number>>

/** An element with attributes; numbers keep two decimals, which is finer than a pixel. */
export function element(name: string, attributes: Attributes, content = ''): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${typeof value === 'number' ? round(value) : escaped(value)}"`)
  return content === '' ? `<${name}${written.join('')}/>` : `<${name}${written.join('')}>${content}</${name}>`
}

export function text(x: number, y: number, content: string, more: Attributes = {}): string {
  return element('text', { x, y, 'text-anchor': 'middle', ...more }, escaped(content))
}

/** A closed curve through points. */
export function outline(points: readonly (readonly [number, number])[], more: Attributes): string {
  return element('path', { d: `M${points.map(([x, y]) => `${round(x)} ${round(y)}`).join('L')}Z`, ...more })
}

/** A drawing on white, with its title for those who do not see it. */
export function drawing(width: number, height: number, title: string, parts: readonly string[]): string {
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="13" role="img">`
  return [head, `<title>${escaped(title)}</title>`, element('rect', { width, height, fill: '#fff' }), ...parts, '</svg>', ''].join('\n')
}

function round(value: number): number {
  // Adding zero makes −0 a 0.
  return Math.round(100 * value) / 100 + 0
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
