import type { MaceDefinition, Structure } from '@equivar/mace'
import { createDefinition, MaceModule, parameterGroups, weightedLoss, type MaceBatch } from '@equivar/mace/torchlike'
import { Adam, clipGradNorm_, compile, DataLoader, ExponentialMovingAverage, exponentialSchedule, loadCheckpoint, LRScheduler, saveCheckpoint } from '@equivar/torchlike'
import type { Compiled, Parameter, Tensor } from '@equivar/torchlike'
import { statisticsOf, type Data } from './data.ts'
import type { Settings } from './settings.ts'

/** Root mean square errors of the validation set, by the averaged parameters. */
export interface Errors {
  /** meV an atom */
  readonly energy: number
  /** meV/Å, of components */
  readonly forces: number
}

export interface Curve {
  /** Loss of every step. */
  readonly losses: readonly number[]
  /** Errors after every epoch. */
  readonly validation: readonly Errors[]
}

/** Everything that a step changes. */
interface State extends Curve {
  readonly settings: string
  readonly model: ReturnType<MaceModule['stateDict']>
  readonly optimizer: ReturnType<Adam['stateDict']>
  readonly average: ReturnType<ExponentialMovingAverage['stateDict']>
  readonly scheduler: ReturnType<LRScheduler<Adam['groups'][number]['options']>['stateDict']>
}

/** A model in training: everything that a step changes, and the step. */
export class Training {
  readonly model: MaceModule
  readonly loader: DataLoader<Structure, MaceBatch>
  readonly settings: Settings
  readonly #data: Data
  readonly #optimizer: Adam
  readonly #average: ExponentialMovingAverage
  readonly #scheduler: LRScheduler<Adam['groups'][number]['options']>
  readonly #step: Compiled<[MaceBatch], Tensor>
  readonly #evaluate: Compiled<[MaceBatch], { energy: Tensor; forces: Tensor }>
  #losses: number[] = []
  #validation: Errors[] = []

  private constructor(settings: Settings, data: Data) {
    this.settings = settings
    this.#data = data
    this.model = new MaceModule(createDefinition({ ...settings.model, ...statisticsOf(data.training, settings.model.cutoff), seed: settings.seed }))
    const { model } = this
    this.#optimizer = new Adam(parameterGroups(model, settings.weightDecay), { lr: settings.learningRate, amsgrad: true })
    this.#average = new ExponentialMovingAverage(model.parameters(), { decay: settings.averageDecay })
    this.#scheduler = new LRScheduler(this.#optimizer, exponentialSchedule(1, settings.decay))
    this.loader = new DataLoader(data.training, { batchSize: settings.batchSize, shuffle: true, seed: settings.seed, collate: (some) => model.batch(some) })
    const parameters: readonly Parameter[] = [...model.parameters()]
    this.#step = compile((batch: MaceBatch) => {
      this.#optimizer.zeroGrad()
      const loss = weightedLoss(model.forward(batch), batch, settings.loss)
      loss.backward({ inputs: parameters })
      clipGradNorm_(parameters, settings.maxGradientNorm)
      this.#optimizer.step()
      this.#average.update()
      return loss
    })
    this.#evaluate = compile((batch: MaceBatch) => {
      const { energy, forces } = model.forward(batch, { createGraph: false })
      return { energy, forces: forces ?? batch.labels.forces }
    })
  }

  /** A model at its first step. */
  static async begin(settings: Settings, data: Data): Promise<Training> {
    const training = new Training(settings, data)
    const before = training.#state()
    // The first call of a compiled function runs it as it is, the second as a program, which rounds elsewhere. With both behind it, a training
    // that goes on from a checkpoint does exactly what it would have done without the interruption.
    const batch = await training.model.batch(data.training.slice(0, settings.batchSize))
    for (let call = 0; call < 2; call++) {
      training.#step(batch)
      training.#evaluate(batch)
    }
    training.#restore(before)
    return training
  }

  /** Goes on from a checkpoint. @throws {Error} if it is of other settings. */
  static async resume(settings: Settings, data: Data, checkpoint: Uint8Array): Promise<Training> {
    const training = await Training.begin(settings, data)
    const state = loadCheckpoint(checkpoint) as State
    if (state.settings !== JSON.stringify(settings)) throw new Error('the checkpoint is of other settings; delete it to begin anew')
    training.#restore(state)
    return training
  }

  /** What {@link Training.resume} goes on from. */
  async checkpoint(): Promise<Uint8Array> {
    return saveCheckpoint({ ...this.#state() })
  }

  /** Number of steps that were made. */
  get steps(): number {
    return this.#losses.length
  }

  get totalSteps(): number {
    return this.settings.epochs * this.loader.length
  }

  get curve(): Curve {
    return { losses: this.#losses, validation: this.#validation }
  }

  /** Goes on until a number of steps; calls back after each, at the end of an epoch once its errors are known. */
  async run(until: number, afterStep: (isEpoch: boolean) => void | Promise<void>): Promise<void> {
    while (this.steps < until) {
      const [epoch, start] = [Math.floor(this.steps / this.loader.length), this.steps % this.loader.length]
      for await (const batch of this.loader.epoch(epoch, start)) {
        this.#losses.push(await this.#step(batch).item())
        const isLast = this.steps % this.loader.length === 0
        if (isLast) {
          this.#scheduler.step()
          this.#validation.push(await this.#errors(this.#data.validation))
        }
        await afterStep(isLast)
        if (this.steps >= until) return
      }
    }
  }

  /** The model with the averaged parameters. */
  async averagedDefinition(): Promise<MaceDefinition> {
    return this.#average.averaged(() => this.model.toDefinition())
  }

  #state(): State {
    return {
      settings: JSON.stringify(this.settings),
      losses: [...this.#losses],
      validation: [...this.#validation],
      model: this.model.stateDict(),
      optimizer: this.#optimizer.stateDict(),
      average: this.#average.stateDict(),
      scheduler: this.#scheduler.stateDict(),
    }
  }

  #restore({ model, optimizer, average, scheduler, losses, validation }: State): void {
    this.model.loadStateDict(model)
    this.#optimizer.loadStateDict(optimizer)
    this.#average.loadStateDict(average)
    this.#scheduler.loadStateDict(scheduler)
    this.#losses = [...losses]
    this.#validation = [...validation]
  }

  async #errors(structures: readonly Structure[]): Promise<Errors> {
    return this.#average.averaged(async () => {
      const [energies, forces] = [new Mean(), new Mean()]
      for (let k = 0; k < structures.length; k += this.settings.batchSize) {
        const batch = await this.model.batch(structures.slice(k, k + this.settings.batchSize))
        const found = this.#evaluate(batch)
        const { labels, numAtoms } = batch
        energies.add(await found.energy.sub(labels.energy).div(numAtoms).square().data())
        forces.add(await found.forces.sub(labels.forces).square().data())
      }
      return { energy: 1000 * Math.sqrt(energies.value), forces: 1000 * Math.sqrt(forces.value) }
    })
  }
}

class Mean {
  #sum = 0
  #count = 0

  add(values: Iterable<number>): void {
    for (const value of values) {
      this.#sum += value
      this.#count++
    }
  }

  get value(): number {
    return this.#sum / this.#count
  }
}
