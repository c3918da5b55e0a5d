/** The package as a project has it, with whatever is wrong with it. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { ExecutionContext } from './test.js'
import { loaded } from '../../dist/internal.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

export const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }

/** The binary that this very process has loaded, and the name of its platform. */
export const binary = loaded.addon === undefined ? '' : loaded.place
export const here = readdirSync(join(root, 'dist/native'))
  .map((file) => /^fdreactor\.(.*)\.node$/.exec(file)?.[1])
  .find((name) => name !== undefined)!

export interface Installed {
  /** The project's folder. */
  readonly folder: string
  /** The package's folder. */
  readonly place: string
  /** What a script imports. */
  readonly library: string
  /** Adds the package of a platform; the `main` is a copy of the binary, a text, or missing. */
  addPackage(name: string, main?: { readonly text: string } | 'missing'): string
  /** Adds a file to the project. */
  write(file: string, text: string): string
}

/** Installs the package without any binary. */
export function install(t: ExecutionContext): Installed {
  const folder = mkdtempSync(join(tmpdir(), 'fdreactor-installed-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const place = join(folder, 'node_modules/fdreactor')
  mkdirSync(place, { recursive: true })
  for (const file of ['package.json', 'index.d.ts', 'dist']) {
    cpSync(join(root, file), join(place, file), {
      recursive: true,
      filter: (source) => !/dist\/(?:native|benches)$/.test(source),
    })
  }
  const write = (file: string, text: string): string => {
    const path = join(folder, file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    return path
  }
  return {
    folder,
    place,
    library: pathToFileURL(join(place, 'dist/index.js')).href,
    write,
    addPackage(name, main) {
      const path = `node_modules/@fdreactor/${name}`
      const file = typeof main === 'object' ? 'main.cjs' : `fdreactor.${name}.node`
      const manifest = { name: `@fdreactor/${name}`, version, main: file }
      write(`${path}/package.json`, JSON.stringify(manifest))
      if (main === undefined) cpSync(binary, join(folder, path, file))
      else if (main !== 'missing') write(`${path}/${file}`, main.text)
      return join(folder, path, file)
    },
  }
}
