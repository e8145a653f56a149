import { FormatError, InputError } from '@equivar/core'
import { access, readFile } from 'node:fs/promises'
import { formatState, parseState, trajectoryFrame, type DynamicsState } from '../dynamics/index.ts'
import { AppendFile } from '../node/append-file.ts'
import { AtomicFile } from '../node/atomic-file.ts'
import { formatXyz, type InfoValue } from '../structures/index.ts'

/** What must be the same when a trajectory is taken up again, by the names of the options. */
export type DynamicsSettings = Readonly<Record<string, number | string | null>>

export interface DynamicsPaths {
  readonly out: string | undefined
  readonly checkpoint: string | undefined
}

/**
 * Trajectory and checkpoint of a run. A checkpoint says how long the trajectory was when it was made; it replaces the last one only when it is
 * complete and on disk, as is the trajectory up to there. So whatever happens to the process, the two go on from it.
 */
export class DynamicsFiles {
  readonly #checkpoint: string | undefined
  readonly #settings: DynamicsSettings
  readonly #trajectory: AppendFile | null
  #numFrames = 0

  private constructor(checkpoint: string | undefined, settings: DynamicsSettings, trajectory: AppendFile | null) {
    this.#checkpoint = checkpoint
    this.#settings = settings
    this.#trajectory = trajectory
  }

  /** @throws {InputError} if one of the files is there already. */
  static async create({ out, checkpoint }: DynamicsPaths, settings: DynamicsSettings): Promise<DynamicsFiles> {
    if (checkpoint !== undefined && (await exists(checkpoint)))
      throw new InputError(`${checkpoint} is there already; go on from it with --resume, remove it, or give another name with --checkpoint`)
    return new DynamicsFiles(checkpoint, settings, out === undefined ? null : await AppendFile.create(out))
  }

  /**
   * The files of an earlier run, the trajectory cut to where the checkpoint was made.
   *
   * @throws {InputError} if the trajectory is too short.
   */
  static async reopen({ out, checkpoint }: DynamicsPaths, settings: DynamicsSettings, { trajectory }: Checkpoint): Promise<DynamicsFiles> {
    return new DynamicsFiles(checkpoint, settings, out === undefined ? null : await AppendFile.reopen(out, trajectory ?? 0))
  }

  /** Frames written by this run. */
  get numFrames(): number {
    return this.#numFrames
  }

  async frame(state: DynamicsState, degreesOfFreedom: number): Promise<void> {
    if (!this.#trajectory) return
    await this.#trajectory.append(formatXyz(trajectoryFrame(state, degreesOfFreedom)))
    this.#numFrames++
  }

  async checkpoint(state: DynamicsState): Promise<void> {
    if (this.#checkpoint === undefined) return
    await this.#trajectory?.sync()
    const file = await AtomicFile.create(this.#checkpoint)
    try {
      await file.write(formatState(state, { ...this.#settings, trajectory: this.#trajectory?.length ?? null }))
      await file.commit()
    } finally {
      await file.discard()
    }
  }

  async close(): Promise<void> {
    await this.#trajectory?.close()
  }
}

/** What a run goes on from. */
export interface Checkpoint {
  readonly state: DynamicsState
  /** Bytes of the trajectory, if there is one. */
  readonly trajectory: number | null
}

/**
 * The checkpoint of an earlier run with these settings; no file is changed.
 *
 * @throws {InputError} if there is none, or settings are others. @throws {FormatError} if the file is no checkpoint.
 */
export async function readCheckpoint({ out, checkpoint }: DynamicsPaths, settings: DynamicsSettings): Promise<Checkpoint> {
  if (checkpoint === undefined) throw new InputError('--resume needs the files of the run: give --out, --checkpoint, or both, as before')
  if (!(await exists(checkpoint))) throw new InputError(`${checkpoint}: there is no checkpoint to go on from; start without --resume`)
  const { state, notes } = namingFile(checkpoint, await readFile(checkpoint, 'utf8'))
  for (const [name, value] of Object.entries(settings))
    if (notes[name] !== value) throw new InputError(`${checkpoint} was made with --${name} ${shown(notes[name])}, now it is ${shown(value)}; give the same, or start anew without --resume`)
  const trajectory = typeof notes['trajectory'] === 'number' ? notes['trajectory'] : null
  if (trajectory === null && out !== undefined) throw new InputError(`${checkpoint} was made without a trajectory; leave --out away and name the checkpoint with --checkpoint`)
  if (trajectory !== null && out === undefined) throw new InputError(`${checkpoint} was made with a trajectory; give its name with --out`)
  return { state, trajectory }
}

function namingFile(path: string, text: string): { readonly state: DynamicsState; readonly notes: Readonly<Record<string, InfoValue>> } {
  try {
    const { state, notes } = parseState(text)
    if (typeof notes !== 'object' || notes === null || !('trajectory' in notes)) throw new FormatError('it is a state, but no checkpoint of this command')
    return { state, notes }
  } catch (error) {
    if (error instanceof FormatError) throw new FormatError(`${path}: ${error.message}`, { cause: error })
    throw error
  }
}

function shown(value: InfoValue | undefined): string {
  return value === null || value === undefined ? 'none' : JSON.stringify(value).replaceAll('"', '')
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(() => true, () => false)
}
