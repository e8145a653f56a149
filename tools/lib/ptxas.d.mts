export function ptxas(): Promise<string>
