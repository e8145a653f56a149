// `npm run site`: the documentation as a folder of pages that needs no server: README, docs and the reference of all packages.
import { join, relative } from 'node:path'
import { Application, Converter, ReflectionKind } from 'typedoc'
import { packageEntries } from './lib/entries.mjs'
import { cacheFolder, inRoot, root } from './lib/paths.mjs'
import { writeBenchmarkReport } from './site/benchmark-report.mjs'
import { brokenLinksOfSite } from './site/links.mjs'
import { sitePages, titleOf } from './site/pages.mjs'
import { command } from './setup.mjs'

const siteFolder = join(cacheFolder, 'site')

await command(async () => {
  const entries = packageEntries()
  const app = await Application.bootstrap({
    name: 'equivar',
    entryPoints: Object.values(entries),
    tsconfig: inRoot('tsconfig.json'),
    compilerOptions: { noEmit: true, skipLibCheck: true },
    // Types are checked elsewhere.
    skipErrorChecking: true,
    readme: inRoot('README.md'),
    projectDocuments: sitePages().map((path) => inRoot(path)),
    out: siteFolder,
    disableSources: true,
    excludePrivate: true,
    excludeInternal: true,
    excludeExternals: true,
    githubPages: false,
    hideGenerator: true,
    sortEntryPoints: false,
    // In the order of the list, which is an order of reading.
    sort: ['source-order'],
    highlightLanguages: ['ts', 'typescript', 'sh', 'json', 'javascript', 'python'],
    navigation: { includeCategories: false, includeGroups: false },
    validation: { notExported: false, invalidLink: true, invalidPath: false, rewrittenLink: false, notDocumented: false, unusedMergeModuleWith: true },
    logLevel: 'Warn',
  })
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, (context) => {
    // Modules are called by the names under which they are imported.
    for (const module of context.project.getReflectionsByKind(ReflectionKind.Module)) {
      const source = context.getSymbolFromReflection(module)?.getDeclarations()?.[0]?.getSourceFile().fileName
      const name = Object.keys(entries).find((entry) => entries[entry] === source)
      if (name !== undefined) module.name = name
    }
    for (const page of context.project.getReflectionsByKind(ReflectionKind.Document)) {
      const path = sitePages().find((file) => inRoot(file) === context.project.files.getReflectionPath(page))
      if (path === undefined || !page.isDocument()) continue
      // The title is a heading already.
      page.name = titleOf(path)
      const [first] = page.content
      if (first !== undefined) first.text = first.text.replace(/^# .+\n/, '')
    }
  })
  const project = await app.convert()
  if (project === undefined) return 1
  await app.generateOutputs(project)
  await writeBenchmarkReport(join(siteFolder, 'benchmark-report.html'))
  const problems = brokenLinksOfSite(siteFolder)
  for (const problem of problems) console.error(`✗ ${problem}`)
  if (problems.length > 0 || app.logger.hasErrors()) return 1
  console.log(`site: ${relative(root, siteFolder)}/index.html`)
  return 0
})
