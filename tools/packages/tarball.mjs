import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { problemKindInfo } from '@arethetypeswrong/core/problems'
import { readFileSync } from 'node:fs'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'

/**
 * What is wrong with a tarball by itself: its manifest, its entries, its types; and scripts that would run at installation.
 *
 * @param {import('./pack.mjs').Packed} one
 * @returns {Promise<string[]>}
 */
export async function tarballProblems({ manifest, tarball }) {
  const data = readFileSync(tarball)
  const { messages, pkg } = await publint({ pack: { tarball: toArrayBuffer(data) }, level: 'warning', strict: true })
  const problems = messages.map((message) => `publint: ${formatMessage(message, pkg, { color: false }) ?? message.code}`)
  const script = Object.keys(manifest.scripts ?? {}).find((key) => /^(?:pre|post)?(?:install|prepare)$/.test(key))
  if (script !== undefined) problems.push(`the script ${script} would run on a user's machine at installation`)
  // A program has no types, nor has compiled code, which another package loads.
  if (manifest.publishConfig?.exports !== undefined) problems.push(...(await typeProblems(data)))
  return problems.map((problem) => `${manifest.name}: ${problem}`)
}

/** @param {Buffer} data */
async function typeProblems(data) {
  const analysis = await checkPackage(createPackageFromTarballData(data))
  if (analysis.types === false) return ['the tarball holds no types']
  return analysis.problems.flatMap((problem) => {
    // ES modules only, found by `exports`: `require` and the resolution of Node 10 are not offered.
    const resolution = 'resolutionKind' in problem ? problem.resolutionKind : undefined
    if (resolution === 'node10' || resolution === 'node16-cjs') return []
    return [`are-the-types-wrong: ${problemKindInfo[problem.kind].title} (${JSON.stringify(problem)})`]
  })
}

/** @param {Buffer} data */
function toArrayBuffer(data) {
  const copy = new ArrayBuffer(data.byteLength)
  new Uint8Array(copy).set(data)
  return copy
}
