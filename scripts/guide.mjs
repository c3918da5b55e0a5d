// Fills docs/guide in: what stands between `<!-- file: PATH -->` or `<!-- output: COMMAND -->` and `<!-- end -->` is that file, or
// what that command prints. `node scripts/guide.mjs` writes it, and a test compares. Tables of demo are those of Linux.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root, run, stopAllOnSignals } from './run.mjs'

const folder = join(root, 'docs/guide')

/** The pages, by their paths. */
export const pages = readdirSync(folder)
  .filter((name) => name.endsWith('.md'))
  .map((name) => join(folder, name))

const marked = /<!-- (?<kind>file|output): (?<what>.+?) -->\n(?:[^]*?\n)??<!-- end -->/g

/** @param {string} path */
function quoteFile(path) {
  const language = { '.mjs': 'js', '.ts': 'ts' }[extname(path)] ?? ''
  return `\`\`\`${language}\n${readFileSync(join(root, path), 'utf8')}\`\`\``
}

/** @param {string} command */
async function quoteOutput(command) {
  const [name, ...args] = command.split(' ')
  const script = name === 'fdreactor' ? [join(root, 'dist/cli/main.js')] : []
  const { code, output } = await run(process.execPath, [...script, ...args])
  if (code !== 0) throw new Error(`${command} ended with status ${code}:\n${output}`)
  return `\`\`\`text\n${output}\`\`\``
}

/**
 * A page with its quotations made anew.
 *
 * @param {string} text
 */
export async function fillIn(text) {
  const quotations = await Promise.all(
    [...text.matchAll(marked)].map(async ({ groups: { kind = '', what = '' } = {} }) => {
      const quoted = kind === 'file' ? quoteFile(what) : await quoteOutput(what)
      return `<!-- ${kind}: ${what} -->\n\n${quoted}\n\n<!-- end -->`
    }),
  )
  return text.replaceAll(marked, () => quotations.shift() ?? '')
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  stopAllOnSignals()
  for (const page of pages) writeFileSync(page, await fillIn(readFileSync(page, 'utf8')))
}
