export { findNeighbors, type FindOptions, type FoundNeighbors } from './find.ts'
export { neighborGrid, type NeighborProblem } from './grid.ts'
