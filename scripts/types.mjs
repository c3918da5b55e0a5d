// Rolls the declarations that tsc wrote into dist up into what is published: one file for each entry of the package.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor'
import prettier from 'prettier'
import { root } from './run.mjs'

/** What is published, by the module that it describes. The package that stands in for `epoll` has the same as a copy. */
const entries = [
  { of: 'index', published: ['index.d.ts'] },
  { of: 'epoll/index', published: ['epoll/index.d.ts', 'npm/epoll/epoll.d.ts'] },
]

/**
 * @param {string} entry
 * @param {string} rolledUp where the result goes
 * @returns {any} The levels are enums, of which only the types are published.
 */
const settings = (entry, rolledUp) => ({
  projectFolder: root,
  mainEntryPointFilePath: join(root, 'dist', `${entry}.d.ts`),
  compiler: { tsconfigFilePath: join(root, 'tsconfig.json') },
  apiReport: { enabled: false },
  docModel: { enabled: false },
  tsdocMetadata: { enabled: false },
  dtsRollup: { enabled: true, untrimmedFilePath: rolledUp },
  newlineKind: 'lf',
  messages: {
    compilerMessageReporting: { default: { logLevel: 'error' } },
    extractorMessageReporting: {
      default: { logLevel: 'none' },
      // A public signature that names a type nobody can import.
      'ae-forgotten-export': { logLevel: 'error' },
    },
    tsdocMessageReporting: { default: { logLevel: 'none' } },
  },
})

/**
 * Rolls the declarations of one module up, and returns the text.
 *
 * @param {string} entry
 */
function rollUp(entry) {
  const rolledUp = join(root, 'build', `${entry}.d.ts`)
  const config = ExtractorConfig.prepare({
    configObject: settings(entry, rolledUp),
    configObjectFullPath: undefined,
    packageJsonFullPath: join(root, 'package.json'),
  })
  const { succeeded } = Extractor.invoke(config, {
    localBuild: false,
    messageCallback(message) {
      const where = message.sourceFilePath ? `${message.sourceFilePath}:${message.sourceFileLine}: ` : ''
      if (message.logLevel === 'error') console.error(`${where}${message.text} (${message.messageId})`)
      message.handled = true
    },
  })
  return succeeded ? readFileSync(rolledUp, 'utf8') : undefined
}

for (const { of, published } of entries) {
  const text = rollUp(of)
  if (text === undefined) {
    process.exitCode = 1
    continue
  }
  const reference = '/// <reference types="node" />\n'
  const header = [
    `// The public API, rolled up from ts/ by \`npm run build:types\`: change it there.`,
    // Not every project lists the types that it wants, and some then get none but those they import.
    ...(of === 'index' ? [reference] : ['']),
  ].join('\n')
  for (const file of published) {
    const path = join(root, file)
    const options = await prettier.resolveConfig(path)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(
      path,
      await prettier.format(`${header}\n${text.replaceAll(reference, '')}`, { ...options, filepath: path }),
    )
  }
}
