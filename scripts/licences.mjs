// The licences of libraries that are bundled into the package, for a file beside them.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './run.mjs'

/**
 * The folders of the packages, in order.
 *
 * @param {Iterable<string>} files those that a bundle was made from
 */
export function packagesOf(files) {
  /** @type {Set<string>} */
  const found = new Set()
  for (const file of files) {
    const [, folder] =
      /^(node_modules\/(?:@[^/]+\/)?[^/]+(?:\/node_modules\/(?:@[^/]+\/)?[^/]+)*)\//.exec(file) ?? []
    if (folder !== undefined) found.add(folder)
  }
  return [...found].toSorted()
}

/** @param {string} path of a package */
function licenceOf(path) {
  const { name, version, license } = JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8'))
  const file = readdirSync(join(root, path)).find((each) => /^licen[cs]e/i.test(each))
  if (file === undefined) throw new Error(`${name} has no file with its licence`)
  return `${name} ${version} (${license})\n\n${readFileSync(join(root, path, file), 'utf8').trim()}\n`
}

/** @param {readonly string[]} packages */
export function licences(packages) {
  const intro = 'The files in this folder contain these libraries.\n'
  return [intro, ...packages.map((path) => licenceOf(path))].join(`\n${'-'.repeat(80)}\n\n`)
}
