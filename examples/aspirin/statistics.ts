/** How far predictions are from references: mean absolute, root mean square and largest difference. */
export interface Errors {
  readonly meanAbsolute: number
  readonly rootMeanSquare: number
  readonly largest: number
}

export function errorsOf(predicted: readonly number[], reference: readonly number[]): Errors {
  if (predicted.length !== reference.length) throw new Error(`${predicted.length} predictions for ${reference.length} references`)
  const differences = predicted.map((value, i) => Math.abs(value - (reference[i] ?? Number.NaN)))
  return {
    meanAbsolute: mean(differences),
    rootMeanSquare: Math.sqrt(mean(differences.map((d) => d * d))),
    largest: differences.reduce((worst, d) => (d <= worst ? worst : d), 0),
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
