// The first example of the README, as its readers have it: in a file of their own, as a module, in CommonJS, typed.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../run.mjs'

/** @param {string} [readme] */
export function example(readme = readFileSync(join(root, 'README.md'), 'utf8')) {
  const [, code] = /^```ts\n(import[^`]*)^```$/m.exec(readme) ?? []
  if (code === undefined) throw new Error('README.md has no example that begins with an import')
  const free = code.replace('port: 7000', 'port: 0')
  if (free === code) throw new Error("the README's example does not listen on port 7000 any more")
  return free
}

/** @param {string} code */
export function asCommonJs(code) {
  const required = code.replaceAll(
    /^import (\{[^}]*\}) from ('[^']*')$/gm,
    (_, names, from) => `const ${names} = require(${from})`,
  )
  if (required === code || /^import /m.test(required))
    throw new Error("the README's example imports in a way that is not known here")
  return required
}
