import { builtinModules } from 'node:module'

/** Which packages a package may import. What is not named here, it may not. */
const packageLayers = {
  core: [],
  engine: ['core'],
  'kernels-cpu': ['core'],
  'kernels-wgsl': ['core'],
  'kernels-cuda': ['core'],
  // Front ends: backends are registered or found by dynamic import, never imported statically.
  files: ['core'],
  mace: ['core', 'engine', 'files', 'kernels-cpu'],
  torchlike: ['core', 'engine', 'files'],
  functional: ['core', 'engine'],
}

const upToIrreps = ['errors', 'math', 'groups', 'irreps']
const upToDescriptors = [...upToIrreps, 'polynomials', 'descriptors']

/**
 * Which rooms of core a room may import. Kernels know polynomials only: what made one does not matter there.
 *
 * @type {Readonly<Record<string, readonly string[]>>}
 */
const coreRooms = {
  errors: [],
  math: ['errors'],
  groups: ['errors', 'math'],
  irreps: ['errors', 'math', 'groups'],
  polynomials: upToIrreps,
  descriptors: [...upToIrreps, 'polynomials'],
  experimental: upToDescriptors,
  kernels: ['errors', 'math', 'polynomials'],
  lowering: ['errors', 'math', 'polynomials', 'kernels'],
  backend: ['errors', 'math', 'polynomials', 'kernels', 'lowering'],
  conformance: [...upToDescriptors, 'experimental', 'kernels', 'lowering', 'backend'],
}

/** @param {readonly string[]} names */
const oneOf = (names) => `(?:${names.join('|')})`

/** A room of mace is for those who use modules too, under an entry of its own. */
const moduleRoom = { files: ['packages/mace/src/torchlike/**/*.ts'], allowed: [...packageLayers.mace, 'torchlike'] }

/**
 * @param {string} name
 * @param {readonly string[]} [allowed]
 */
function packageRule(name, allowed = packageLayers[/** @type {keyof typeof packageLayers} */ (name)]) {
  const exceptions = allowed.length === 0 ? '' : `(?!${oneOf(allowed)}(?:/|$))`
  return {
    regex: `^@equivar/${exceptions}`,
    message: `Layers: @equivar/${name} may import ${allowed.length === 0 ? 'no other package' : allowed.map((other) => `@equivar/${other}`).join(' and ')} (docs/architecture.md).`,
  }
}

const foreignSources = {
  regex: `^(?:\\.\\./)+(?:packages/)?${oneOf(Object.keys(packageLayers))}/`,
  message: 'Layers: import another package by its name, not by a path into it.',
}

const nodeModules = {
  regex: `^(?:node:|${oneOf(builtinModules.filter((name) => !name.startsWith('_')))}(?:/|$))`,
  message: 'Layers: Node built-ins belong to src/node and src/cli; everything else must run in a browser.',
}

const nodeRooms = {
  regex: '^\\.{1,2}/(?:.*/)?(?:node|cli)/',
  message: 'Layers: src/node and src/cli are reached through the conditional entries of package.json, not by a path.',
}

/** @param {string} room */
function roomRule(room) {
  const allowed = coreRooms[room] ?? []
  const others = Object.keys(coreRooms).filter((other) => other !== room && !allowed.includes(other))
  return {
    regex: `^\\.{1,2}/(?:.*/)?${oneOf(others)}(?:/|\\.ts$)`,
    message: `Layers: core's ${room} may import ${allowed.length === 0 ? 'no other room' : `${allowed.join(', ')} only`} (docs/architecture.md).`,
  }
}

/**
 * The same patterns for `import`, `export … from` and `import()`.
 *
 * @param {readonly { regex: string, message: string }[]} patterns for static imports
 * @param {readonly { regex: string, message: string }[]} [dynamic] for `import()`; the same ones unless given
 * @returns {import('eslint').Linter.RulesRecord}
 */
function rules(patterns, dynamic = patterns) {
  return {
    'no-restricted-imports': ['error', { patterns: [...patterns] }],
    'no-restricted-syntax': [
      'error',
      ...dynamic.map(({ regex, message }) => ({ selector: `ImportExpression[source.value=/${regex.replaceAll('/', '\\u002F')}/]`, message })),
    ],
  }
}

const packageConfigs = Object.keys(packageLayers).flatMap((name) => {
  const own = [packageRule(name), foreignSources]
  const dynamic = name === 'core' || name.startsWith('kernels-') ? own : [foreignSources]
  const portable = [nodeModules, nodeRooms]
  const configs = [
    { files: [`packages/${name}/src/**/*.ts`], rules: rules([...own, ...portable], [...dynamic, ...portable]) },
    { files: [`packages/${name}/src/{node,cli}/**/*.ts`], rules: rules(own, dynamic) },
  ]
  if (name === 'mace') configs.push({ files: moduleRoom.files, rules: rules([packageRule(name, moduleRoom.allowed), foreignSources, ...portable], [...dynamic, ...portable]) })
  if (name !== 'core') return configs
  const rooms = Object.keys(coreRooms).map((room) => ({
    files: [`packages/core/src/${room}.ts`, `packages/core/src/${room}/**/*.ts`],
    rules: rules([...own, ...portable, roomRule(room)]),
  }))
  return [...configs, ...rooms]
})

/** What measures also runs on a page; processes, files and the command are its src/node. */
const benchConfig = {
  files: ['apps/bench/src/**/*.ts'],
  ignores: ['apps/bench/src/node/**/*.ts'],
  rules: rules([nodeModules, { ...nodeRooms, message: 'Layers: what runs on a page imports nothing of src/node.' }]),
}

/**
 * Who may import whom, as ESLint configurations.
 *
 * @type {import('eslint').Linter.Config[]}
 */
export const layers = [...packageConfigs, benchConfig]
