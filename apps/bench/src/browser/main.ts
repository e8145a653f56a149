import { use } from '@equivar/core'
import { createCpu } from '@equivar/kernels-cpu'
import { createWebgpu } from '@equivar/kernels-wgsl'
import { parseXyz } from '@equivar/mace'
import { MissingAssetError, type Assets } from '../cases/seeded.ts'
import { recordHtml } from '../report/page.ts'
import { recordText } from '../results/write.ts'
import { runOnPage, type PageHost } from './run.ts'

const threads = crossOriginIsolated ? Math.min(navigator.hardwareConcurrency, 16) : 1
const address = new URL(location.href).searchParams
// ?software allows an adapter that computes on the processor: for tests.
use(createCpu({ threads }), createWebgpu({ software: address.has('software') }))

async function fetched(path: string, what: string): Promise<Response> {
  const response = await fetch(path)
  if (!response.ok) throw new MissingAssetError(`the page has no ${what}`)
  return response
}

const assets: Assets = {
  model: async (name) => new Uint8Array(await (await fetched(`models/${name}.model.gz`, `model ${name}`)).arrayBuffer()),
  aspirins: async () => parseXyz(await (await fetched('frames.xyz', 'configurations')).text()),
}

function element<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id)
  if (!(found instanceof kind)) throw new Error(`the page has no ${id}`)
  return found
}

const [form, bar, doing] = [element('choice', HTMLFormElement), element('progress', HTMLProgressElement), element('doing', HTMLElement)]
const [report, error, download] = [element('report', HTMLElement), element('error', HTMLElement), element('download', HTMLAnchorElement)]

const host: PageHost = {
  assets,
  machine: { cpu: 'as the browser tells', cores: navigator.hardwareConcurrency, system: navigator.userAgent, memory: 0 },
  versions: { threads: crossOriginIsolated ? 'shared memory' : 'no shared memory: the page is not isolated' },
  async progress(share, what) {
    bar.hidden = share === 1
    bar.value = share
    doing.textContent = what
    // Two frames, so that it is seen before a long step.
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
  },
}

async function run(): Promise<void> {
  const data = new FormData(form)
  const all = (name: string) => data.getAll(name).filter((value) => typeof value === 'string')
  const listed = (name: string) => (address.has(name) ? { [name]: address.get(name)?.split(',') ?? [] } : {})
  const quick = address.has('quick') ? { samples: 1, warmUp: 0, ceilings: { budget: 0, maxBytes: 2 ** 16, multiplyAdds: 1e6, bytesAtOnce: 1 } } : {}
  const choice = { backends: all('backend'), sections: all('section'), samples: Number(data.get('samples')), threads, ...listed('cases'), ...listed('passes'), ...quick }
  const record = await runOnPage(choice, host)
  report.innerHTML = recordHtml('this browser', record)
  download.href = URL.createObjectURL(new Blob([recordText(record)], { type: 'application/json' }))
  download.download = `browser-${record.date}.json`
  download.hidden = false
}

function start(): void {
  error.textContent = ''
  const button = form.querySelector('button')
  if (button) button.disabled = true
  run()
    .catch((reason: unknown) => (error.textContent = reason instanceof Error ? reason.message : String(reason)))
    .finally(() => {
      if (button) button.disabled = false
      document.body.dataset['state'] = 'done'
    })
}

form.addEventListener('submit', (event) => {
  event.preventDefault()
  start()
})
// For machines that look at the page: ?run starts at once.
if (address.has('run')) start()
