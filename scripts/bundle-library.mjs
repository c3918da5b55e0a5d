// Bundles ts/ into dist/: one file for each entry, and chunks of what they share. Importing many small files is what
// importing a library costs most of, and what they share must be there once: the addon, and the classes.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { root } from './run.mjs'

/** What package.json names, and what is loaded when it is asked for. Each keeps its path. */
const entries = ['index', 'epoll/index', 'internal', 'echo/index', 'cli/main']

await build({
  entryPoints: entries.map((entry) => `ts/${entry}.ts`).filter((file) => existsSync(join(root, file))),
  outbase: 'ts',
  outdir: 'dist',
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  // No comments, but names and lines: whoever finds it in a stack trace shall be able to read it.
  minifySyntax: true,
  legalComments: 'none',
  absWorkingDir: root,
})
