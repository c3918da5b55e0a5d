/** Who is measured beside us, and whether it is here. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cache, fileOf, isPresent } from '../../scripts/cache.mjs'
import { programs } from '../../scripts/programs.mjs'
import { beside } from '../shared/processes.js'
import { which } from './cores.js'
import type { Kind, LeftOut, PeerFacts } from './result.js'

export interface Peer extends PeerFacts {
  /** What starts it; the manner comes behind. */
  readonly command: readonly string[]
  /** What comes behind the manner. */
  readonly args: readonly string[]
}

/** Why a peer cannot be measured. */
class Absent extends Error {}

interface Candidate {
  readonly name: string
  readonly what: string
  readonly find: () => Promise<Omit<Peer, 'name' | 'what'>>
}

const SCRIPT = 'in a checkout, `node scripts/peers.mjs` installs it'

function output(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { encoding: 'utf8' }, (error, stdout, stderr) => {
      if (error) reject(new Absent(`${command}: ${stderr.trim() || error.message}`))
      else resolve(stdout.trim())
    })
  })
}

/** The peer of a file in the folder `peers`, in this runtime. */
function ours(name: string, version: string, ...args: string[]): Omit<Peer, 'name' | 'what'> {
  const file = beside(import.meta.url, `./peers/${name}`)
  return { version, command: [process.execPath, ...process.execArgv, '--expose-gc', file], args }
}

function packageVersion(): string {
  const file = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

async function runtime(name: 'bun' | 'deno'): Promise<string> {
  const file = which(name) ?? (isPresent(programs[name]) ? fileOf(programs[name]) : undefined)
  if (file === undefined) throw new Absent(`${name} is not on PATH (${SCRIPT})`)
  return file
}

async function go(): Promise<string> {
  const compiler = which('go')
  if (compiler === undefined) throw new Absent('go is not on PATH')
  const source = fileURLToPath(new URL('./peers/echo.go', import.meta.url))
  const version = await output(compiler, ['env', 'GOVERSION'])
  const digest = createHash('sha256').update(version).update(readFileSync(source)).digest('hex').slice(0, 16)
  const binary = join(cache, `go-echo-${digest}`)
  if (!existsSync(binary)) {
    mkdirSync(cache, { recursive: true })
    const made = `${binary}.${process.pid}`
    await output(compiler, ['build', '-o', made, source])
    renameSync(made, binary)
  }
  return binary
}

async function python(): Promise<string> {
  const file = which('python3')
  if (file === undefined) throw new Absent('python3 is not on PATH')
  return file
}

function pythonEcho(backend: 'select' | 'epoll'): Candidate['find'] {
  return async () => {
    const file = await python()
    const script = fileURLToPath(new URL('./peers/echo.py', import.meta.url))
    return { version: await output(file, ['--version']), command: [file, script], args: [backend] }
  }
}

const listening =
  (trigger: 'level' | 'edge'): Candidate['find'] =>
  async () =>
    ours('listen', packageVersion(), trigger)

const SERVERS: readonly Candidate[] = [
  { name: 'fdreactor', what: 'listen, level-triggered', find: listening('level') },
  { name: 'fdreactor-edge', what: 'listen, edge-triggered', find: listening('edge') },
  {
    name: 'fdreactor-ready',
    what: 'readiness callbacks: the server of `fdreactor echo`',
    find: async () => ours('readiness', packageVersion()),
  },
  { name: 'node', what: 'node:net', find: async () => ours('node', process.version) },
  {
    name: 'bun',
    what: 'Bun.listen',
    find: async () => {
      const file = await runtime('bun')
      return {
        version: await output(file, ['--version']),
        command: [file, beside(import.meta.url, './peers/bun')],
        args: [],
      }
    },
  },
  {
    name: 'deno',
    what: 'Deno.listen',
    find: async () => {
      const file = await runtime('deno')
      const version = await output(file, ['--version'])
      const flags = ['run', '--quiet', '--allow-net', '--v8-flags=--expose-gc']
      return {
        version: version.split(' ')[1] ?? version,
        command: [file, ...flags, beside(import.meta.url, './peers/deno')],
        args: [],
      }
    },
  },
  {
    name: 'go',
    what: 'Go, net',
    find: async () => {
      const command = [await go()]
      return { version: await output('go', ['env', 'GOVERSION']), command, args: [] }
    },
  },
  { name: 'python-select', what: 'Python, select', find: pythonEcho('select') },
  { name: 'python-epoll', what: 'Python, epoll', find: pythonEcho('epoll') },
  { name: 'rust', what: 'Rust on mio alone: the limit', find: async () => ours('rust', 'mio 1.2') },
]

const EPOLL = 'epoll'

/** The package `epoll`: of the folder where the bench is run if it was built there, or what `scripts/peers.mjs` installed. */
function epollPackage(): { file: string; version: string } {
  const bases = [join(process.cwd(), 'index.js'), fileOf(programs.epoll)]
  for (const base of bases) {
    try {
      const require = createRequire(base)
      const file = require.resolve(EPOLL)
      // It fails if it was not built.
      require(file)
      return { file, version: (require(`${EPOLL}/package.json`) as { version: string }).version }
    } catch {
      // The next, then.
    }
  }
  throw new Absent(`the package epoll is not installed here, or not built (${SCRIPT})`)
}

const DISPATCHERS: readonly Candidate[] = [
  {
    name: 'fdreactor',
    what: 'register, level-triggered',
    find: async () => ({ version: packageVersion(), command: [], args: [] }),
  },
  {
    name: 'epoll',
    what: 'npm epoll, level-triggered',
    find: async () => {
      const { file, version } = epollPackage()
      return { version, command: [], args: [file] }
    },
  },
]

const candidatesOf = (kind: Kind): readonly Candidate[] => (kind === 'dispatch' ? DISPATCHERS : SERVERS)

/** The names that `--peers` takes. */
export const namesOf = (kind: Kind): readonly string[] => candidatesOf(kind).map(({ name }) => name)

/** Those of the wanted peers that are here, and why the others are not. */
export async function findPeers(
  kind: Kind,
  wanted: readonly string[] | undefined,
): Promise<{ peers: Peer[]; absent: LeftOut[] }> {
  const peers: Peer[] = []
  const absent: LeftOut[] = []
  for (const { name, what, find } of candidatesOf(kind)) {
    if (wanted !== undefined && !wanted.includes(name)) continue
    try {
      peers.push({ name, what, ...(await find()) })
    } catch (error) {
      if (!(error instanceof Absent)) throw error
      absent.push({ peer: name, why: error.message })
    }
  }
  return { peers, absent }
}
