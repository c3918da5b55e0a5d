// What the installation tests do in a project, by the names that the table shows.
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageOf } from '../platforms.mjs'
import { root } from '../run.mjs'
import { hostName } from '../stage.mjs'
import { asCommonJs, example } from './example.mjs'
import { compilers, echoed } from './user.mjs'

/** @typedef {import('../run.mjs').Outcome} Outcome */
/** @typedef {import('./managers.mjs').Manager} Manager */
/** @typedef {import('./user.mjs').User} User */
/** @typedef {{ command: string, args: readonly string[], path: string }} Runtime `path` is the folder with the command */

/**
 * @typedef {object} Scene
 * @property {User} user
 * @property {Manager} manager
 * @property {Runtime} runtime
 * @property {string} key of the manager: a name for its folders
 * @property {string} project the folder in which things are installed, used and uninstalled
 * @property {readonly string[]} path the folders that are first on PATH
 * @property {string} version
 */

/** What went wrong, in words that stand below the table. */
class Fault extends Error {}

const tsc = join(root, 'node_modules/typescript/bin/tsc')
const esbuild = join(root, 'node_modules/esbuild/bin/esbuild')

/** @param {string} file */
const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'))

/**
 * @param {Scene} scene
 * @param {readonly string[]} line
 * @param {string} [cwd]
 */
async function must({ user, path, project }, line, cwd = project) {
  const outcome = await user.run(cwd, path, line)
  if (outcome.code !== 0) throw new Fault(`${line.join(' ')} ended with ${outcome.code}:\n${outcome.output}`)
  return outcome.output
}

/**
 * @param {Scene} scene
 * @param {string} file
 */
function lineFor({ manager, runtime }, file) {
  return manager.run ? [...manager.run, file] : [runtime.command, ...runtime.args, file]
}

/**
 * Runs the example, and speaks with the server that it is.
 *
 * @param {Scene} scene
 * @param {string} file
 */
async function serves({ user, path, project, ...rest }, file) {
  const line = lineFor({ user, path, project, ...rest }, file)
  const { code, output } = await user.serve(project, path, line, echoed)
  if (code !== 0) throw new Fault(`${line.join(' ')} ended with ${code}:\n${output}`)
}

/** Files that a test put there, which are not the installation's. */
const ours = /^(?:example|bundle|usage|tsconfig)\./

/** pnpm keeps what it removed, for when it is wanted again, and its notes on that; nothing in the project leads there. */
const kept = /^node_modules\/(?:\.pnpm\/|\.modules\.yaml$|\.pnpm-workspace-state)/

/**
 * Every file of a project that names fdreactor, by its own name or, for what the package manager writes down, in its text.
 *
 * @param {string} project
 */
function traces(project) {
  return readdirSync(project, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => ({ entry, path: join(entry.parentPath, entry.name).slice(project.length + 1) }))
    .filter(({ entry, path }) => {
      if (ours.test(path) || kept.test(path)) return false
      if (path.includes('fdreactor')) return true
      const isRecord = !path.startsWith('node_modules/') || /^node_modules\/\.[^/]+$/.test(path)
      return isRecord && entry.isFile() && readFileSync(join(project, path), 'utf8').includes('fdreactor')
    })
    .map(({ path }) => path)
}

/** @param {Scene} scene */
function newProject({ user, key, manager }, /** @type {string} */ name) {
  return user.project(`${key}-${name}`, manager.files)
}

/** Says what the loader says, and ends with its status. */
const usage = `import { Reactor } from 'fdreactor'
const reactor = new Reactor()
console.log(reactor.backend)
reactor.close()
`

/** A package that uses epoll takes what there is for it, and watches the standard input. */
const epollUsage = `const { createRequire } = require('node:module')
const { Epoll } = createRequire(require.resolve('onoff'))('epoll')
const poller = new Epoll((error, fd, events) => {
  if (error) throw error
  if (events & Epoll.EPOLLIN) console.log('readable: ' + fd)
  poller.remove(fd).close()
})
poller.add(0, Epoll.EPOLLIN)
`

/**
 * It does not load, and the message says why and what to do; that is done, and it loads.
 *
 * @param {Scene} scene
 * @param {string} project
 */
async function mustBeMended(scene, project) {
  const { user, path, runtime } = scene
  writeFileSync(join(project, 'usage.mjs'), usage)
  const { code, output } = await user.run(project, path, [runtime.command, ...runtime.args, 'usage.mjs'])
  for (const wanted of [
    'ERR_FDREACTOR_UNSUPPORTED_PLATFORM',
    `${process.platform} ${process.arch}`,
    `\n  ${packageOf(hostName())}: not there\n`,
    'npm/cli/issues/4828',
  ])
    if (!output.includes(wanted)) throw new Fault(`the message does not say ${wanted.trim()}:\n${output}`)
  if (code !== 1) throw new Fault(`the status is ${code}, and not 1:\n${output}`)
  const [, command] = /^To mend it, in your project: (.*)$/m.exec(output) ?? []
  if (command === undefined) throw new Fault(`the message does not say what mends it:\n${output}`)
  await must(scene, ['sh', '-c', command], project)
  await mustLoad(scene, project)
}

/**
 * @param {Scene} scene
 * @param {string} project
 */
async function mustLoad(scene, project) {
  writeFileSync(join(project, 'usage.mjs'), usage)
  const { command, args } = scene.runtime
  const output = await must(scene, [command, ...args, 'usage.mjs'], project)
  if (!/^(?:epoll|kqueue)$/m.test(output)) throw new Fault(`no backend was named:\n${output}`)
}

/** @param {'nodenext' | 'bundler'} kind */
function typesCase(kind) {
  return async (/** @type {Scene} */ scene) => {
    const code = example()
    const settings = {
      nodenext: { module: 'nodenext', moduleResolution: 'nodenext' },
      bundler: { module: 'esnext', moduleResolution: 'bundler' },
    }[kind]
    const files = {
      'example.mts': code,
      'example.cts': code,
      // What the types do not refuse is an error as well.
      'usage.mts':
        "import { Reactor } from 'fdreactor'\n// @ts-expect-error\nnew Reactor({ backend: 'nothing' })\n",
    }
    const compilerOptions = { ...settings, target: 'es2022', strict: true, noEmit: true, types: ['node'] }
    const config = JSON.stringify({ compilerOptions, files: Object.keys(files) })
    for (const [file, text] of Object.entries({ ...files, 'tsconfig.test.json': config }))
      writeFileSync(join(scene.project, file), text)
    await must(scene, ['node', tsc, '--project', 'tsconfig.test.json'])
  }
}

/** @type {Readonly<Record<string, (scene: Scene) => Promise<void>>>} */
export const cases = {
  async install(scene) {
    for (const compiler of compilers)
      if ((await scene.user.run(scene.project, scene.path, [compiler, '--version'])).code !== 127)
        throw new Fault(`${compiler} is on PATH`)
    await must(scene, scene.manager.add(['fdreactor', '@types/node']))
    const { dependencies, imports } = {
      ...(existsSync(join(scene.project, 'deno.json')) ? readJson(join(scene.project, 'deno.json')) : {}),
      ...readJson(join(scene.project, 'package.json')),
    }
    if (!`${{ ...imports, ...dependencies }['fdreactor']}`.includes(scene.version))
      throw new Fault(`package.json does not ask for fdreactor ${scene.version}`)
  },

  async ESM(scene) {
    writeFileSync(join(scene.project, 'example.mjs'), example())
    await serves(scene, 'example.mjs')
  },

  async CommonJS(scene) {
    writeFileSync(join(scene.project, 'example.cjs'), asCommonJs(example()))
    await serves(scene, 'example.cjs')
  },

  async 'TypeScript as it is'(scene) {
    writeFileSync(join(scene.project, 'example.mts'), example())
    await serves(scene, 'example.mts')
  },

  'types, nodenext': typesCase('nodenext'),
  'types, bundler': typesCase('bundler'),

  /** The bundle takes the binary along, and runs where nothing is installed. */
  async esbuild(scene) {
    writeFileSync(join(scene.project, 'example.mjs'), example())
    for (const [format, file] of /** @type {const} */ ([
      ['esm', 'bundle.mjs'],
      ['cjs', 'bundle.cjs'],
    ])) {
      const folder = scene.user.project(`${scene.key}-bundle-${format}`)
      const banner =
        "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"
      await must(scene, [
        'node',
        esbuild,
        'example.mjs',
        '--bundle',
        '--platform=node',
        '--loader:.node=copy',
        `--format=${format}`,
        `--outfile=${join(folder, file)}`,
        ...(format === 'esm' ? [`--banner:js=${banner}`] : []),
      ])
      const { command, args } = scene.runtime
      const line = [command, ...args, file]
      const { code, output } = await scene.user.serve(folder, scene.path, line, echoed)
      if (code !== 0) throw new Fault(`${line.join(' ')} ended with ${code}:\n${output}`)
    }
  },

  async doctor(scene) {
    const output = await must(scene, scene.manager.exec(['doctor']))
    if (!output.includes(packageOf(hostName())) || !output.includes(scene.version))
      throw new Fault(`it does not name its binary and its version:\n${output}`)
  },

  async echo(scene) {
    const line = scene.manager.exec(['echo', '--port', '0'])
    const { code, output } = await scene.user.serve(scene.project, scene.path, line, echoed, {
      farewell: 'quit\n',
    })
    if (code !== 0) throw new Fault(`${line.join(' ')} ended with ${code}:\n${output}`)
  },

  async compare(scene) {
    const options = ['--quick', '--only', 'turns', '--sizes', '10', '--rounds', '2']
    const output = await must(scene, scene.manager.exec(['compare', ...options]))
    for (const backend of ['poll', 'select'])
      if (!output.includes(backend)) throw new Fault(`it tells nothing of ${backend}:\n${output}`)
  },

  async uninstall(scene) {
    if (traces(scene.project).length === 0) throw new Fault('nothing was installed')
    await must(scene, [...scene.manager.remove, 'fdreactor'])
    const left = traces(scene.project)
    if (left.length > 0) throw new Fault(`these are left:\n${left.join('\n')}`)
  },

  async 'no optional packages'(scene) {
    const project = newProject(scene, 'no-optional')
    await must(scene, [...scene.manager.add(['fdreactor']), scene.manager.noOptional ?? ''], project)
    const doctor = await scene.user.run(project, scene.path, scene.manager.exec(['doctor']))
    if (doctor.code !== 1 || !doctor.output.includes(packageOf(hostName())))
      throw new Fault(`doctor ended with ${doctor.code}:\n${doctor.output}`)
    await mustBeMended(scene, project)
  },

  async 'no install scripts'(scene) {
    const project = newProject(scene, 'no-scripts')
    await must(scene, [...scene.manager.add(['fdreactor']), scene.manager.noScripts ?? ''], project)
    await mustLoad(scene, project)
    const folder = join(project, 'node_modules/fdreactor/package.json')
    if (readJson(folder).scripts !== undefined) throw new Fault('the installed package has scripts')
  },

  /**
   * Where npm 10 writes a lock file for what is installed already, it forgets the packages of other systems (npm/cli#4828), and
   * who gets that file goes without the binary.
   */
  async 'lock file of another system'(scene) {
    const project = newProject(scene, 'lock')
    const lock = join(project, 'package-lock.json')
    const elsewhere = [`--os=${process.platform === 'linux' ? 'darwin' : 'linux'}`, '--cpu=arm64']
    await must(scene, [...scene.manager.add(['fdreactor']), ...elsewhere], project)
    rmSync(lock)
    await must(scene, ['npm', 'install', ...elsewhere], project)
    rmSync(join(project, 'node_modules'), { recursive: true })
    const isForgotten = readJson(lock).packages[`node_modules/${packageOf(hostName())}`] === undefined
    if (isForgotten !== (scene.manager.forgets ?? false))
      throw new Fault(`the lock file is not what this npm is known for:\n${readFileSync(lock, 'utf8')}`)
    await must(scene, ['npm', 'ci'], project)
    await (isForgotten ? mustBeMended(scene, project) : mustLoad(scene, project))
  },

  /** What asks for the package epoll gets ours, by one line; the original is nowhere to be had here. */
  async 'epoll override'(scene) {
    const { user, manager, key, version } = scene
    const project = user.project(`${key}-epoll`, {
      ...manager.files,
      ...manager.override?.('epoll', `@fdreactor/epoll@${version}`),
      'usage.cjs': epollUsage,
    })
    await must(scene, manager.add(['onoff']), project)
    const line = [...(manager.run ?? ['node']), 'usage.cjs'].join(' ')
    const output = await must(scene, ['sh', '-c', `echo hello | ${line}`], project)
    if (!/^readable: 0$/m.test(output)) throw new Fault(`the pipe did not become readable:\n${output}`)
  },
}
