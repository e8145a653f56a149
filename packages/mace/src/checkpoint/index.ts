export { checkDefinition } from './check-definition.ts'
export { readModelFile } from './read-model.ts'
export { readStateDict } from './state-dict.ts'
export { readTrainingCheckpoint, type TrainingCheckpointOptions } from './training-checkpoint.ts'
