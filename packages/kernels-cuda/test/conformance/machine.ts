import { conformanceCases, type ConformanceResults, runConformance } from '@equivar/core/conformance'
import { backendOn } from '../../src/device/backend.ts'
import { CudaDevice } from '../../src/device/device.ts'
import { machineDriver } from '../ptx-machine/driver.ts'

export const seed = 1

/** Cases that take a minute here, and seconds on a GPU. */
const long = /^channelwiseOfMany\/13\/flattened\/jvpOfBackward\//

const backend = (maxBytes?: number) => backendOn({ loadDriver: () => machineDriver(), openStore: () => null }, maxBytes === undefined ? {} : { maxBytes })

/** The tier `ci` on the text of kernels, run by the machine of this folder: one of several equal parts. */
export async function runOnMachine(index: number, count: number): Promise<{ readonly results: ConformanceResults; readonly expected: number }> {
  const filter = ({ name }: { readonly name: string }) => !long.test(name)
  const expected = conformanceCases('ci', seed).filter((own, k) => k % count === index && filter(own)).length
  const results = await runConformance(backend(), {
    tier: 'ci',
    seed,
    shard: { index, count },
    filter,
    hooks: {
      lose: (device) => {
        if (device instanceof CudaDevice) device.lose('for a test')
      },
      littleMemory: backend(2 ** 25),
    },
  })
  return { results, expected }
}
