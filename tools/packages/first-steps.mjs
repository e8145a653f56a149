import { transform } from 'esbuild'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { examplesIn } from '../lib/examples.mjs'
import { inRoot } from '../lib/paths.mjs'
import { capture } from '../lib/run.mjs'
import { closure, installInto } from './pack.mjs'

/** @typedef {import('./pack.mjs').Packed} Packed */

const pages = ['docs/getting-started-modules.md', 'docs/getting-started-functions.md', 'docs/getting-started-mace.md']

/**
 * What somebody new does: a folder for each page, the packages that it names installed from the tarballs, every program of it in a
 * file of its own, and the commands that it shows. Nothing of the user's machine but Node and npm: home and npm's cache are empty.
 *
 * @param {string} scratch
 * @param {readonly Packed[]} packages
 * @returns {Promise<{ record: string, problems: string[] }>} what was typed and printed
 */
export async function followPages(scratch, packages) {
  /** @type {string[]} */
  const lines = []
  /** @type {string[]} */
  const problems = []
  const home = join(scratch, 'home')
  mkdirSync(home)
  const env = { PATH: process.env['PATH'], HOME: home, npm_config_cache: join(home, 'npm'), NO_COLOR: '1', ...registryOf(process.env) }
  for (const page of pages) {
    const [, names = ''] = /^npm install (.+)$/m.exec(readFileSync(inRoot(page), 'utf8')) ?? []
    const folder = join(scratch, page.replaceAll(/\W+/g, '-'))
    await installInto(folder, closure(names.split(' '), packages), env)
    lines.push(`## ${page}`, '', '```', `$ npm install ${names}`)
    cpSync(inRoot('examples/aspirin/models'), join(folder, 'examples/aspirin/models'), { recursive: true })
    cpSync(inRoot('examples/aspirin/frames.xyz'), join(folder, 'frames.xyz'))
    for (const [k, { code, prints, line }] of examplesIn(page).entries()) {
      const name = `program-${k + 1}.js`
      writeFileSync(join(folder, name), (await transform(code, { loader: 'ts', format: 'esm', target: 'node20.19' })).code)
      const { code: exit, output } = await capture(process.execPath, [name], { cwd: folder, env })
      lines.push(`$ node ${name}        # line ${line}`, output.trimEnd())
      if (exit !== 0 || output.trimEnd().split('\n').filter(Boolean).join('\n') !== prints.join('\n')) problems.push(`${page}, line ${line}, prints, installed from tarballs:\n${output}`)
    }
    if (page.endsWith('mace.md'))
      for (const command of ['doctor', 'inspect examples/aspirin/models/aspirin_l0_c32.model.gz', 'eval examples/aspirin/models/aspirin_l0_c32.model.gz frames.xyz']) {
        const { code, output } = await capture('npx', ['--no-install', 'equivar', ...command.split(' ')], { cwd: folder, env })
        lines.push(`$ npx equivar ${command}`, output.trimEnd())
        if (code !== 0) problems.push(`${page}: equivar ${command} fails, installed from tarballs:\n${output}`)
      }
    lines.push('```', '')
  }
  return { record: lines.join('\n').replaceAll(scratch, 'SCRATCH'), problems }
}

/**
 * Where packages come from on this machine, which an empty home does not know.
 *
 * @param {NodeJS.ProcessEnv} env
 */
function registryOf(env) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => /^(npm_config_registry|npm_config_userconfig|node_extra_ca_certs|https?_proxy|no_proxy)$/i.test(name)))
}
