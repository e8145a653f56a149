export { compile, type Program } from './compile.ts'
export type { ProgramExplanation, StepExplanation } from './explain.ts'
export type { CompileOptions, ProgramStatistics } from './program.ts'
