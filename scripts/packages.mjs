// What npm/ holds beside npm/epoll: a package for each platform, with nothing but the binary in it. `node scripts/packages.mjs` writes it
// anew from the table of platforms and from package.json; `npm test` fails when it is not what this writes. The binaries
// are no part of the repository: they are put in when a release is staged.
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { binaryOf, packageOf, platforms } from './platforms.mjs'
import { root } from './run.mjs'

/** @typedef {import('./platforms.mjs').Platform} Platform */

export const folder = 'npm'

/** The one there that is written by hand: it has a program, and stands in for another package. */
const byHand = `${folder}/epoll`

/** @param {string} text of Cargo.toml */
export function workspaceField(text, /** @type {string} */ field) {
  const [, part = ''] = /^\[workspace\.package\]\n((?:[^[\n].*\n|\n)*)/m.exec(text) ?? []
  return new RegExp(`^${field} = "(.*)"$`, 'm').exec(part)?.[1]
}

const systems = { linux: 'Linux', darwin: 'macOS', freebsd: 'FreeBSD' }
const processors = { x64: 'x86-64', arm64: 'ARM64' }

/** @param {Platform} platform */
export const titleOf = ({ os, cpu, libc }) =>
  `${systems[os]} on ${processors[cpu]}${libc === undefined ? '' : ` with ${libc}`}`

/**
 * The packages as they should be: what each file of npm/ says, by its path from the root.
 *
 * @returns {ReadonlyMap<string, string>}
 */
export function packages() {
  const { version, license, author, engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const repository = workspaceField(readFileSync(join(root, 'Cargo.toml'), 'utf8'), 'repository')
  /** @type {Map<string, string>} */
  const files = new Map()
  for (const platform of platforms) {
    const { name, os, cpu } = platform
    const place = `${folder}/${name}`
    const manifest = {
      name: packageOf(name),
      version,
      description: `The binary of fdreactor for ${titleOf(platform)}`,
      license,
      author,
      homepage: `${repository}#readme`,
      repository: { type: 'git', url: `git+${repository}.git`, directory: place },
      os: [os],
      cpu: [cpu],
      ...('libc' in platform ? { libc: [platform.libc] } : {}),
      engines,
      main: binaryOf(name),
      files: [binaryOf(name)],
      publishConfig: { access: 'public', provenance: true },
    }
    files.set(`${place}/package.json`, `${JSON.stringify(manifest, undefined, 2)}\n`)
    files.set(
      `${place}/README.md`,
      `# ${packageOf(name)}\n\n` +
        `The binary of [fdreactor](${repository}) for ${titleOf(platform)}. fdreactor asks for it by itself:\n` +
        'install that, and npm brings the one binary that fits the system.\n',
    )
  }
  return files
}

/** The files that are there and not written by hand, by their paths from the root; the binaries of a release being made do not count. */
export function present() {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.node'))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
    .filter((file) => !file.startsWith(`${byHand}/`))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const name of readdirSync(join(root, folder))) {
    const place = `${folder}/${name}`
    if (place !== byHand) rmSync(join(root, place), { recursive: true })
  }
  for (const [file, text] of packages()) {
    mkdirSync(join(root, file, '..'), { recursive: true })
    writeFileSync(join(root, file), text)
  }
}
