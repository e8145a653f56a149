// Publishes the versions that the registry does not have, and tags them. For `.github/workflows/release.yml`: provenance is checked
// against the address of the repository, which the workflow knows and writes into the manifests of what it packs.
import { readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { installed, root } from './lib/paths.mjs'
import { run } from './lib/run.mjs'
import { ToolError } from './lib/tool-error.mjs'
import { packageFolders } from './packages/pack.mjs'
import { command } from './setup.mjs'

await command(async () => {
  const { GITHUB_ACTIONS, GITHUB_SERVER_URL, GITHUB_REPOSITORY } = process.env
  if (GITHUB_ACTIONS !== 'true') throw new ToolError('packages are published by .github/workflows/release.yml only: merge its pull request')
  for (const folder of packageFolders()) {
    const path = join(folder, 'package.json')
    const manifest = /** @type {object} */ (JSON.parse(readFileSync(path, 'utf8')))
    const repository = { type: 'git', url: `git+${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}.git`, directory: relative(root, folder).replaceAll('\\', '/') }
    writeFileSync(path, `${JSON.stringify({ ...manifest, repository }, null, 2)}\n`)
  }
  const pnpm = installed('pnpm/bin/pnpm.cjs')
  const steps = [
    [pnpm, 'run', 'build'],
    [pnpm, 'publish', '--recursive', '--filter', './packages/**', '--filter', './apps/**', '--access', 'public', '--no-git-checks'],
    [installed('@changesets/cli/bin.js'), 'tag'],
  ]
  for (const step of steps) {
    const code = await run(process.execPath, step)
    if (code !== 0) return code
  }
  return 0
})
