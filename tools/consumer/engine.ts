// A stranger's project with arrays and derivatives, and no kernels.
import { array, device, grad, sum, square, track, type NDArray } from '@equivar/engine'

function require(condition: boolean, what: string): void {
  if (!condition) throw new Error(`installed packages: ${what}`)
}

const x: NDArray = track(array([1, 2, 3], { dtype: 'float64' }))
const [slope] = grad(sum(square(x)), [x])
require([...((await slope?.data()) ?? [])].join() === '2,4,6', 'engine differentiates')
require((await device('auto')) === 'cpu', 'the processor is always there')
console.log('plain TypeScript computes')
