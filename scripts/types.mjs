// Rolls the declarations that tsc wrote into dist up into the one file that is published: index.d.ts.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor'
import prettier from 'prettier'
import { root } from './run.mjs'

const rolledUp = join(root, 'build', 'index.d.ts')
const published = join(root, 'index.d.ts')

/** @type {any} The levels are enums, of which only the types are published. */
const settings = {
  projectFolder: root,
  mainEntryPointFilePath: join(root, 'dist', 'index.d.ts'),
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
}

const config = ExtractorConfig.prepare({
  configObject: settings,
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
if (succeeded) {
  const header = [
    '// The public API, rolled up from ts/ by `npm run build:types`: change it there.',
    // Not every project lists the types that it wants, and some then get none but those they import.
    '/// <reference types="node" />',
    '',
  ].join('\n')
  const text = `${header}\n${readFileSync(rolledUp, 'utf8').replaceAll(/^\/\/\/ <reference types="node" \/>\n/gm, '')}`
  const options = await prettier.resolveConfig(published)
  writeFileSync(published, await prettier.format(text, { ...options, filepath: published }))
} else {
  process.exitCode = 1
}
