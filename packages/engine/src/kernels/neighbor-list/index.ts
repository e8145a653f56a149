export { findNeighbors, type FindOptions, type FoundNeighbors } from './find.ts'
export { neighborGrid, type NeighborGrid, type NeighborProblem } from './grid.ts'
export { neighborListPlans, type NeighborListPlans, type PlannedArray } from './plans.ts'
