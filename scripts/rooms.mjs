// Holds the rooms of the project apart: which file may import what, which Rust files may contain `unsafe`, and how long
// a source file may get. The tables below are all there is to change when something moves. Paths are from the root;
// `*` is anything within one folder, `**` anything, `{a,b}` either.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import ts from 'typescript'
import { root } from './run.mjs'

const core = 'crates/fdreactor/src'
const addon = 'crates/fdreactor-node/src'

const vocabulary = `${core}/{interest,readiness,trigger,token,event,error,backend,config}.rs`
const sys = `${core}/sys/**`
const selector = `${core}/selector/**`
const sockets = `${core}/{net/**,io.rs}`

/** The words and the checks; what is not a class with a life of its own. */
const base = 'ts/{native,errors,ready,validate,interest,runtime,source,options,report}.ts'
const devDependencies = Object.keys(
  JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies,
)

/**
 * The first row that matches a file holds for it; a file that no row matches is an error. Names that are no path are
 * packages and crates (`node:*` and the Rust standard library are for everyone).
 *
 * @type {readonly { files: string, may: readonly string[] }[]}
 */
const rooms = [
  // Rust: the vocabulary, then what talks to the system, then the reactor. Nothing points back.
  { files: vocabulary, may: [vocabulary, 'libc'] },
  { files: sys, may: [vocabulary, sys, 'libc', 'socket2'] },
  { files: selector, may: [vocabulary, sys, selector, 'libc', 'mio'] },
  { files: `${core}/registry.rs`, may: [vocabulary, sys] },
  { files: `${core}/waker.rs`, may: [vocabulary, sys, 'mio'] },
  { files: `${core}/blocking.rs`, may: [vocabulary, selector, `${core}/waker.rs`] },
  { files: sockets, may: [vocabulary, sys, sockets, 'libc', 'mio', 'socket2'] },
  {
    files: `${core}/{reactor.rs,reactor/**}`,
    may: [
      vocabulary,
      sys,
      selector,
      `${core}/{registry,waker,blocking}.rs`,
      `${core}/{reactor.rs,reactor/**}`,
    ],
  },
  { files: `${core}/{server.rs,server/**}`, may: [`${core}/**`, 'libc', 'mio', 'socket2'] },
  { files: `${core}/lib.rs`, may: [`${core}/**`] },
  {
    files: 'crates/fdreactor/{tests,benches,examples}/**',
    may: ['*', 'crates/fdreactor/{tests,benches,examples}/**'],
  },
  {
    files: 'crates/fdreactor-bench/src/bin/**',
    may: ['fdreactor_bench'],
  },
  {
    files: 'crates/fdreactor-bench/src/**',
    may: ['crates/fdreactor-bench/src/**', 'fdreactor', 'hdrhistogram', 'mio', 'rustix', 'slab', 'socket2'],
  },
  {
    files: 'crates/fdreactor-bench/tests/**',
    may: ['fdreactor_bench'],
  },
  { files: 'benches/rust/**', may: ['fdreactor', 'fdreactor_bench', 'criterion'] },
  {
    files: `${addon}/bench/**`,
    may: [`${addon}/bench/**`, 'fdreactor', 'fdreactor_bench', 'napi', 'napi_derive', 'libc'],
  },
  {
    files: `${addon}/**`,
    may: [`${addon}/**`, 'fdreactor', 'napi', 'napi_derive', 'libc'],
  },
  {
    files: 'crates/fdreactor-kit/src/**',
    may: ['crates/fdreactor-kit/src/**', 'libc', 'napi', 'napi_derive', 'rustix'],
  },
  { files: 'crates/*/build.rs', may: ['napi_build'] },

  // TypeScript: the addon and its types have one reader. (The addon lies in dist/native, beside what is compiled.)
  { files: 'ts/native.ts', may: [base, 'ts/binding.d.ts', 'ts/loader/**'] },
  { files: 'ts/loader/**', may: ['ts/loader/**'] },
  { files: base, may: [base] },
  { files: 'ts/dispatch.ts', may: [base] },
  { files: 'ts/{io.ts,net/**}', may: [base, 'ts/{io.ts,net/**}'] },
  { files: 'ts/registration.ts', may: [base, 'ts/dispatch.ts'] },
  { files: 'ts/iteration.ts', may: [base, 'ts/registration.ts'] },
  { files: 'ts/{reactor,waker}.ts', may: [base, 'ts/{dispatch,registration,iteration,waker}.ts'] },
  {
    files: 'ts/server/**',
    may: [base, 'ts/{dispatch,registration,reactor,waker}.ts', 'ts/{io.ts,net/**}', 'ts/server/**'],
  },
  { files: 'ts/index.ts', may: ['ts/*.ts', 'ts/{net,server}/**'] },
  // For what is built and run here; no application can import it.
  { files: 'ts/internal.ts', may: ['ts/*.ts'] },
  // What a user could have written.
  { files: 'ts/echo/**', may: ['ts/index.ts', 'ts/echo/**'] },
  { files: 'ts/demo/**', may: ['ts/index.ts', 'ts/demo/**'] },
  { files: 'ts/cli/doctor/**', may: ['ts/*.ts', 'ts/loader/**', 'ts/cli/doctor/**'] },
  { files: 'ts/cli/**', may: ['ts/index.ts', 'ts/{echo,demo}/**', 'ts/cli/**'] },

  { files: 'examples/**', may: ['fdreactor', 'examples/**'] },
  { files: 'ts/epoll/**', may: ['ts/index.ts', 'ts/epoll/**'] },

  // Tests and benches use what was built. `fdreactor` is the package itself, as its users name it.
  {
    files: '__test__/**',
    may: [
      'dist/**',
      'fdreactor',
      '__test__/**/helpers/**',
      'benches/**',
      'examples/**',
      'npm/epoll/*.d.ts',
      'scripts/**',
      ...devDependencies,
    ],
  },
  {
    files: 'benches/**',
    may: [
      'dist/**',
      'fdreactor',
      '#*',
      'inline:.',
      'benches/**',
      'scripts/{cache,programs}.mjs',
      ...devDependencies,
    ],
  },
  {
    files: 'scripts/{comparison,benchmarks}.mjs',
    may: ['scripts/**', 'dist/benches/{report,bench-report}.js', ...devDependencies],
  },
  {
    files: 'scripts/epoll-equal.mjs',
    may: ['scripts/**', '__test__/helpers/epoll/**', ...devDependencies],
  },
  // A program that uses the package.
  { files: 'scripts/prebuild/smoke.mjs', may: ['fdreactor'] },
  { files: 'scripts/**', may: ['scripts/**', ...devDependencies] },
]

/** Each opens `unsafe` with `expect(unsafe_code, reason = ...)`; the workspace denies it elsewhere. */
const unsafeFiles = [
  sys,
  `${core}/selector/mio/level_{epoll,kqueue}.rs`,
  'crates/fdreactor/tests/**',
  'crates/fdreactor-kit/src/{lib,memory}.rs',
  `${addon}/{buffer,env}.rs`,
  `${addon}/driver/{libuv,loop_,thread}.rs`,
]

const longest = 400

const folders = ['crates', 'ts', 'examples', '__test__', 'benches', 'scripts']

// ---------------------------------------------------------------------------------------------------------------------

/** @param {string} glob */
function pattern(glob) {
  /** @type {Record<string, string>} */
  const parts = { '**/': '(?:.*/)?', '**': '.*', '*': '[^/]*', '{': '(?:', '}': ')', ',': '|' }
  return new RegExp(
    `^${glob.replaceAll(/\*\*\/?|[*{},]|[.+?^$()|[\]\\]/g, (part) => parts[part] ?? `\\${part}`)}$`,
  )
}

/**
 * @param {string} name
 * @param {readonly string[]} globs
 */
const matches = (name, globs) => globs.some((glob) => pattern(glob).test(name))

/**
 * @param {string} folder
 * @returns {string[]}
 */
function sources(folder) {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) return ['node_modules', 'target'].includes(entry.name) ? [] : sources(path)
    return /\.(rs|ts|mjs|js)$/.test(path) && !path.endsWith('.d.ts') ? [path] : []
  })
}

/** @typedef {{ name: string, line: number }} Import a file from the root, a package or a crate */

/**
 * @param {string} file
 * @param {string} text
 * @returns {Import[]}
 */
function typescriptImports(file, text) {
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName: specifier, pos }) => {
    const line = lineOf(text, pos)
    // What scripts/bundle.mjs reads as a text.
    const fileName = specifier.replace(/^inline:/, '')
    if (!fileName.startsWith('.')) return { name: packageOf(fileName), line }
    const path = posix.join(dirname(file), fileName)
    const source = [path.replace(/\.js$/, '.ts'), path.replace(/\.js$/, '.d.ts')].find((it) =>
      existsSync(join(root, it)),
    )
    return { name: path.startsWith('dist/') ? path : (source ?? path), line }
  })
}

/** @param {string} specifier */
function packageOf(specifier) {
  if (specifier.startsWith('node:')) return 'node:'
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

/**
 * Comments and strings become blanks, so that positions stay.
 *
 * @param {string} text
 */
function rustCode(text) {
  const apart = /\/\/.*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\])'|"(?:\\[\s\S]|[^"\\])*"/g
  return text.replaceAll(apart, (part) => part.replaceAll(/[^\n]/g, ' '))
}

/**
 * @param {string} source the `src` folder
 * @param {readonly string[]} path
 */
function moduleFile(source, path) {
  const module = join(source, ...path)
  return [`${module}.rs`, `${module}/mod.rs`].find((file) => existsSync(join(root, file)))
}

/**
 * The file of the deepest part of a path that is a module.
 *
 * @param {string} source
 * @param {readonly string[]} path
 */
function rustFile(source, path) {
  for (let length = path.length; length > 0; length -= 1) {
    const file = moduleFile(source, path.slice(0, length))
    if (file) return file
  }
  return undefined
}

/**
 * The paths of a `use` tree: `a::{b, c::{d, e}}` is `a::b`, `a::c::d` and `a::c::e`.
 *
 * @param {string} tree
 * @param {number} start where it stands in its file
 * @returns {{ path: string[], at: number }[]}
 */
function usePaths(tree, start) {
  const open = tree.indexOf('{')
  if (open < 0)
    return [
      {
        path: tree
          .replace(/\sas\s.*/s, '')
          .split('::')
          .map((part) => part.trim()),
        at: start,
      },
    ]
  const prefix = tree
    .slice(0, open)
    .split('::')
    .map((part) => part.trim())
    .filter((part) => part !== '')
  const paths = []
  let depth = 0
  let from = open + 1
  for (let at = open; at < tree.length; at += 1) {
    if (tree[at] === '{') depth += 1
    if (tree[at] === '}') depth -= 1
    if ((tree[at] === ',' && depth === 1) || (tree[at] === '}' && depth === 0)) {
      const part = tree.slice(from, at)
      const blank = part.length - part.trimStart().length
      if (part.trim() !== '') paths.push(...usePaths(part, start + from + blank))
      from = at + 1
    }
  }
  return paths.map(({ path, at }) => ({ path: [...prefix, ...path], at }))
}

/**
 * @param {string} file
 * @param {string} text
 * @returns {Import[]}
 */
function rustImports(file, text) {
  const code = rustCode(text)
  const [, source = dirname(file), inside = ''] = /^(crates\/[^/]+\/src)\/(.*)\.rs$/.exec(file) ?? []
  const self = inside.split('/').filter((part) => !['lib', 'main', 'mod', ''].includes(part))

  const found = [...code.matchAll(/\buse\s+([^;]+);/g)].flatMap((use) => {
    return usePaths(use[1] ?? '', use.index + use[0].indexOf(use[1] ?? ''))
  })
  // Paths that are written out where they are used.
  const rest = code.replaceAll(/\buse\s+[^;]+;/g, (use) => use.replaceAll(/[^\n]/g, ' '))
  for (const use of rest.matchAll(/(?<![\w:])(?:crate|super)(?:::\w+)+/g)) {
    found.push({ path: use[0].split('::'), at: use.index })
  }

  return found.flatMap(({ path: [first = '', ...others], at }) => {
    const line = lineOf(text, at)
    /** @type {string[]} */
    let path
    if (first === 'crate') path = others
    else if (first === 'self') path = [...self, ...others]
    else if (first === 'super') {
      const up = others.findIndex((part) => part !== 'super')
      path = [...self.slice(0, -1 - up), ...others.slice(up)]
    } else if (moduleFile(source, [...self, first])) path = [...self, first, ...others]
    else if (['std', 'core', 'alloc'].includes(first) || !/^[a-z]/.test(first)) return []
    else return [{ name: first, line }]
    const name = rustFile(source, path) ?? reexported(source, path[0])
    return name && name !== file ? [{ name, line }] : []
  })
}

/**
 * Where a name at the crate's root comes from, so that `crate::Reactor` counts as an import of reactor.rs.
 *
 * @param {string} source
 * @param {string | undefined} name
 */
function reexported(source, name) {
  const lib = join(root, source, 'lib.rs')
  if (name === undefined || !existsSync(lib)) return undefined
  for (const [, tree = ''] of rustCode(readFileSync(lib, 'utf8')).matchAll(/\bpub use\s+([^;]+);/g)) {
    for (const { path } of usePaths(tree, 0)) if (path.at(-1) === name) return rustFile(source, path)
  }
  return undefined
}

/**
 * @param {string} text
 * @param {number} position
 */
const lineOf = (text, position) => text.slice(0, position).split('\n').length

/** @type {string[]} */
const problems = []
const files = folders.flatMap((folder) => sources(folder))
let withUnsafe = 0
for (const file of files) {
  const text = readFileSync(join(root, file), 'utf8')
  const isRust = file.endsWith('.rs')
  const room = rooms.find(({ files: glob }) => matches(file, [glob]))
  if (!room) problems.push(`${file}:1: no room for it in scripts/rooms.mjs`)
  for (const { name, line } of isRust ? rustImports(file, text) : typescriptImports(file, text)) {
    if (room && name !== 'node:' && !matches(name, room.may)) {
      problems.push(`${file}:${line}: imports ${name}, which is not for ${room.files}`)
    }
  }

  const lines = text.split('\n').length - 1
  if (lines > longest)
    problems.push(`${file}:${longest}: ${lines} lines; the longest a file may be is ${longest}`)

  if (isRust) {
    const at = rustCode(text).search(/\bunsafe\b/)
    if (at >= 0) withUnsafe += 1
    if (at >= 0 && !matches(file, unsafeFiles)) {
      problems.push(`${file}:${lineOf(text, at)}: unsafe, and not in the list of files that may contain it`)
    }
  }
}

for (const problem of problems) console.log(problem)
if (problems.length > 0) process.exitCode = 1
else console.log(`${files.length} source files stand where they should; unsafe in ${withUnsafe} of them`)
