export { adamUpdate, type AdamOptions, type AdamState } from './adam.ts'
export { sgdUpdate, type SgdOptions, type SgdState } from './sgd.ts'
export { clipByGlobalNorm, clipByValue, globalNorm, type ClippedGradients } from './clipping.ts'
export { averageDecay, movingAverage } from './average.ts'
export {
  constantSchedule,
  cosineSchedule,
  exponentialSchedule,
  joinSchedules,
  linearSchedule,
  plateauStep,
  initialPlateau,
  stepSchedule,
  type PlateauOptions,
  type PlateauState,
  type Schedule,
} from './schedules.ts'
