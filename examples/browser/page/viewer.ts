import { formatXyz, type Structure } from '@equivar/mace'
import { createViewer } from '3dmol'

const style = { stick: { radius: 0.14, colorscheme: 'Jmol' }, sphere: { scale: 0.27, colorscheme: 'Jmol' } }

const turns: Readonly<Record<string, readonly [degrees: number, axis: string]>> = {
  ArrowLeft: [-10, 'y'],
  ArrowRight: [10, 'y'],
  ArrowUp: [-10, 'x'],
  ArrowDown: [10, 'x'],
}
const zooms: Readonly<Record<string, number>> = { '+': 1.15, '=': 1.15, '-': 1 / 1.15 }

/** A molecule as sticks and balls; bonds are those of the first structure. */
export class MoleculeView {
  readonly #viewer: ReturnType<typeof createViewer>
  readonly #model: ReturnType<ReturnType<typeof createViewer>['addModel']>

  constructor(element: HTMLElement, structure: Structure) {
    this.#viewer = createViewer(element, { backgroundColor: 'white', antialias: true })
    this.#model = this.#viewer.addModel(formatXyz(structure.with({ info: {}, arrays: {} })), 'xyz')
    this.#viewer.setStyle({}, style)
    this.#viewer.zoomTo()
    this.#viewer.zoom(1.25)
    this.#viewer.render()
    element.addEventListener('keydown', (event) => {
      this.#press(event)
    })
    new ResizeObserver(() => this.#viewer.resize()).observe(element)
  }

  show({ positions }: Structure): void {
    for (const [atom, place] of this.#model.selectedAtoms({}).entries()) {
      place.x = positions[3 * atom] ?? 0
      place.y = positions[3 * atom + 1] ?? 0
      place.z = positions[3 * atom + 2] ?? 0
    }
    // A style that is set again makes the viewer build its shapes anew.
    this.#model.setStyle({}, style)
    this.#viewer.render()
  }

  #press(event: KeyboardEvent): void {
    const [turn, zoom] = [turns[event.key], zooms[event.key]]
    if (turn) this.#viewer.rotate(...turn)
    else if (zoom !== undefined) this.#viewer.zoom(zoom)
    else return
    event.preventDefault()
    this.#viewer.render()
  }
}
