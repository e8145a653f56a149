// Before every file of tests: those that share a process would find the generator where another file left it, and weights that differ from run to run.
import { manualSeed } from '../../src/index.ts'

manualSeed(0)
