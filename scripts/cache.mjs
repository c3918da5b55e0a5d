// Programs of other projects that only tests and benches need and that are too large for devDependencies: package managers, a registry,
// other runtimes. They come from npm at fixed versions, without their install scripts (but for what must be built), into a folder outside the tree,
// where every clone finds them.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { run } from './run.mjs'

/** `FDREACTOR_CACHE`, else what the system takes for a user's cache. */
export const cache =
  process.env['FDREACTOR_CACHE'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'fdreactor')

/**
 * @typedef {object} Program
 * @property {string} name
 * @property {string} source the npm package that holds it, and its version
 * @property {string} file the path in that package of what is run
 * @property {Readonly<Record<string, string>>} [overrides] versions of what it depends on
 * @property {true} [foreign] whether it is for another platform than this one
 * @property {true} [builds] whether its install script, which builds it, is run
 */

/** @param {Program} program */
const homeOf = ({ name, source }) => join(cache, `${name}-${source.slice(source.lastIndexOf('@') + 1)}`)

/**
 * Where a program is, or will be once it is installed.
 *
 * @param {Program} program
 */
export const fileOf = (program) => join(homeOf(program), 'node_modules', program.name, program.file)

/** @param {Program} program */
export const isPresent = (program) => existsSync(fileOf(program))

/**
 * Brings a program if it is not there; two processes may do so at once.
 *
 * @param {Program} program
 * @returns {Promise<string>} its file
 * @throws {Error} with what npm said
 */
export async function bring(program) {
  const file = fileOf(program)
  if (existsSync(file)) return file
  const { name, source, overrides = {}, foreign, builds } = program
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, `.${name}-`))
  try {
    const manifest = { private: true, dependencies: { [name]: `npm:${source}` }, overrides }
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
    const flags = ['--no-audit', '--no-fund', '--no-package-lock', '--omit=optional']
    if (!builds) flags.push('--ignore-scripts')
    // npm's options for that (--cpu, --libc) are not heeded by all of its versions.
    if (foreign) flags.push('--force')
    const { code, output } = await run('npm', ['install', ...flags], { cwd: folder })
    if (code !== 0) throw new Error(`cannot install ${source}:\n${output}`)
    if (!existsSync(join(folder, 'node_modules', name, program.file))) {
      throw new Error(
        `${source} holds no ${program.file}: ${readdirSync(join(folder, 'node_modules', name)).join(', ')}`,
      )
    }
    try {
      renameSync(folder, homeOf(program))
    } catch (error) {
      // Another process was first.
      if (!existsSync(file)) throw error
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return file
}
