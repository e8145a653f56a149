import { device as openDevice, use } from '@equivar/core'
import { createCpu } from '@equivar/kernels-cpu'
import { createWebgpu } from '@equivar/kernels-wgsl'
import { Mace, parseXyz, type ModelSource, type Structure } from '@equivar/mace'
import 'uplot/dist/uPlot.min.css'
import { element, field, tell } from './elements.ts'
import { TimePlot } from './plot.ts'
import { Simulation, type Settings } from './simulation.ts'
import './style.css'
import { MoleculeView } from './viewer.ts'

const address = new URL(location.href).searchParams
// ?software allows an adapter that computes on the processor: for tests.
use(createCpu({ threads: crossOriginIsolated ? Math.min(navigator.hardwareConcurrency, 16) : 1 }), createWebgpu({ software: address.has('software') }))

// ?still draws the end of a run only.
const isStill = address.has('still')
const [settings, source, file] = [element('settings', HTMLFormElement), element('source', HTMLFormElement), element('file', HTMLInputElement)]
const [runButton, restartButton] = [element('run', HTMLButtonElement), element('restart', HTMLButtonElement)]
const [notice, error, deviceLine, modelName] = [element('notice', HTMLElement), element('error', HTMLElement), element('device', HTMLElement), element('model-name', HTMLElement)]
const readouts = { speed: element('speed', HTMLOutputElement), time: element('time', HTMLOutputElement), temperature: element('temperature', HTMLOutputElement), drift: element('drift', HTMLOutputElement) }

const temperaturePlot = new TimePlot(element('temperature-plot', HTMLElement), 'temperature', 'K', [{ label: 'temperature', colour: '#c2410c' }])
const energyPlot = new TimePlot(element('energy-plot', HTMLElement), 'change', 'eV', [
  { label: 'potential', colour: '#1657c4' },
  { label: 'kinetic', colour: '#c2410c' },
  { label: 'total', colour: '#15803d' },
])

/** What a run is made of; a new model, device or setting makes it anew. */
let bytes: ModelSource | null = null
let structure: Structure | null = null
let view: MoleculeView | null = null
let model: Mace | null = null
let simulation: Simulation | null = null
let start = { potentialEnergy: 0, kineticEnergy: 0, totalEnergy: 0 }
/** Stops the run that is on its way, if there is one. */
let stop = new AbortController()
/** One thing at a time: what is asked for waits for what is being done. */
let queue: Promise<void> = Promise.resolve()

const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve))

function setState(state: 'loading' | 'ready' | 'running' | 'done' | 'failed'): void {
  document.body.dataset['state'] = state
  const idle = simulation !== null && simulation.state.step > 0 ? 'Continue' : 'Start'
  runButton.textContent = state === 'running' ? 'Pause' : state === 'loading' ? 'Loading …' : idle
  runButton.disabled = state === 'loading' || state === 'failed'
  restartButton.disabled = runButton.disabled
}

/** Runs what the reader asked for after everything before it; what fails is told. */
function enqueue(work: () => Promise<void>): void {
  stop.abort()
  queue = queue.then(work).catch((reason: unknown) => {
    tell(error, reason instanceof Error ? reason.message : String(reason))
    setState('failed')
  })
}

function settingsOf(): Settings {
  const numbers = { temperature: Number(field(settings, 'temperature')), timestep: Number(field(settings, 'timestep')), seed: Number(field(settings, 'seed')) }
  return { ensemble: field(settings, 'ensemble') === 'nvt' ? 'nvt' : 'nve', ...numbers }
}

/** The device that was asked for; where none was, a notice says why it is not WebGPU. */
async function chooseDevice(): Promise<string> {
  const wanted = field(settings, 'device')
  if (wanted !== 'auto') {
    tell(notice, '')
    return wanted
  }
  const { name, refused } = await openDevice('auto')
  const reason = refused.find((refusal) => refusal.name === 'webgpu')?.reason
  tell(notice, name === 'cpu' ? `There is no WebGPU here, so WebAssembly computes on the processor, which is slower: ${reason ?? 'this browser has none'}.` : '')
  return name
}

async function loadModel(): Promise<void> {
  setState('loading')
  tell(error, '')
  if (bytes === null) throw new Error('no model: give an address, or a file')
  model?.dispose()
  model = null
  const chosen = await chooseDevice()
  const began = performance.now()
  model = await Mace.load(bytes, { device: chosen, chebyshevForces: 'exact' })
  const { backend } = await openDevice(chosen)
  await restart()
  deviceLine.textContent = `${backend?.description ?? chosen}, ${model.dtype}; ready after ${((performance.now() - began) / 1000).toFixed(1)} s`
  document.body.dataset['device'] = model.device
}

async function restart(): Promise<void> {
  if (!model || !structure) return
  setState('loading')
  await nextFrame()
  simulation = await Simulation.start(model, structure, settingsOf())
  start = simulation.observables
  temperaturePlot.clear()
  energyPlot.clear()
  record()
  draw()
  readouts.speed.value = '–'
  setState('ready')
}

function record(): void {
  if (!simulation) return
  const { temperature, potentialEnergy, kineticEnergy, totalEnergy } = simulation.observables
  const { time } = simulation.state
  temperaturePlot.add(time, temperature)
  energyPlot.add(time, potentialEnergy - start.potentialEnergy, kineticEnergy - start.kineticEnergy, totalEnergy - start.totalEnergy)
}

function draw(): void {
  if (!simulation) return
  const { state, conservation, observables } = simulation
  view?.show(state.structure)
  temperaturePlot.draw()
  energyPlot.draw()
  readouts.time.value = state.time.toFixed(1)
  readouts.temperature.value = observables.temperature.toFixed(0)
  readouts.drift.value = field(settings, 'ensemble') === 'nve' ? (1000 * conservation.drift).toFixed(3) : '–'
  Object.assign(document.body.dataset, { step: state.step, drift: conservation.drift, peakToPeak: conservation.peakToPeak })
}

/** Steps until it is paused or has taken `steps`. Drawing gets a quarter of the time at most, and not more than 30 pictures a second. */
async function run(steps = Infinity): Promise<void> {
  if (!simulation) return
  stop = new AbortController()
  const { signal } = stop
  setState('running')
  let [drawn, drawing, counted, countedAt] = [performance.now(), 0, simulation.state.step, performance.now()]
  for (let taken = 0; !signal.aborted && taken < steps; taken++) {
    await simulation.step()
    record()
    const now = performance.now()
    if (now - countedAt > 500) {
      readouts.speed.value = ((1000 * (simulation.state.step - counted)) / (now - countedAt)).toPrecision(3)
      ;[counted, countedAt] = [simulation.state.step, now]
    }
    if (isStill || now - drawn < Math.max(33, 3 * drawing)) continue
    draw()
    await nextFrame()
    drawn = performance.now()
    drawing = drawn - now
  }
  draw()
  setState(Number.isFinite(steps) ? 'done' : 'ready')
}

runButton.addEventListener('click', () => {
  if (document.body.dataset['state'] === 'running') stop.abort()
  else enqueue(() => run())
})
restartButton.addEventListener('click', () => {
  enqueue(restart)
})
settings.addEventListener('change', ({ target }) => {
  if (!settings.reportValidity()) return
  const isDevice = target instanceof HTMLSelectElement && target.name === 'device'
  enqueue(isDevice ? loadModel : restart)
})
settings.addEventListener('submit', (event) => {
  event.preventDefault()
})

function take(name: string, from: ModelSource): void {
  bytes = from
  enqueue(async () => {
    await loadModel()
    modelName.textContent = `${name}: ${model?.definition.architecture.model ?? ''}, cutoff ${model?.cutoff ?? ''} Å`
  })
}

source.addEventListener('submit', (event) => {
  event.preventDefault()
  const path = field(source, 'address')
  take(path, new URL(path, location.href))
})
file.addEventListener('change', () => {
  const [chosen] = file.files ?? []
  if (chosen) take(chosen.name, chosen)
})
for (const kind of ['dragenter', 'dragover', 'dragleave', 'drop'])
  document.addEventListener(kind, (event) => {
    event.preventDefault()
    document.body.classList.toggle('dropping', kind === 'dragenter' || kind === 'dragover')
  })
document.addEventListener('drop', ({ dataTransfer }) => {
  const [dropped] = dataTransfer?.files ?? []
  if (dropped) take(dropped.name, dropped)
})

enqueue(async () => {
  const [aspirin] = parseXyz(await (await fetch('aspirin.xyz')).text())
  if (!aspirin) throw new Error('the page has no structure')
  structure = aspirin
  view = new MoleculeView(element('viewer', HTMLElement), aspirin)
})
// For machines that look at the page: ?device=cpu chooses, ?steps=100 runs so many steps.
const wantedDevice = settings.elements.namedItem('device')
if (wantedDevice instanceof HTMLSelectElement) wantedDevice.value = address.get('device') ?? 'auto'
source.requestSubmit()
const wantedSteps = Number(address.get('steps') ?? 0)
if (wantedSteps > 0) enqueue(() => run(wantedSteps))
