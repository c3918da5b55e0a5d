// Programs that know nothing of this library, as clients of an echo server. Each throws an `EchoFailure` if what comes back is
// not what it sent. clients/mutants.test.ts shows what each of them notices, and that it is blind to nothing else.
import { execFileSync, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { which } from '../../scripts/run.mjs'
import type { ToolName } from '../../scripts/tools.mjs'
import { EchoFailure, within } from './echo-change.js'
import type { Target } from './echo-server.js'

const KIB = 1024
const MIB = 1024 * KIB

/** Where waiting for one that hangs ends: they work for long on a machine that is busy. */
const LIMIT_MS = 3 * 60_000

export interface Bulk {
  /** How many bytes are sent, about. */
  readonly size?: number
  readonly deadlineMs?: number | undefined
}

interface Outcome {
  readonly output: Buffer
  readonly code: number | null
  readonly errors: string
}

/** Runs a program to its end, or until it has written so many bytes. */
async function run(
  [program = '', ...args]: readonly string[],
  { input, enough = Infinity, deadlineMs = LIMIT_MS }: RunOptions,
): Promise<Outcome> {
  const child = spawn(program, args, { stdio: 'pipe' })
  const chunks: Buffer[] = []
  let received = 0
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  // It may end before it has read everything; what it writes tells.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
    child.stdout.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      received += chunk.length
      if (received >= enough) resolve(0)
    })
  })
  try {
    const code = await within(ended, program, deadlineMs)
    return { output: Buffer.concat(chunks), code, errors }
  } finally {
    child.kill('SIGKILL')
  }
}

interface RunOptions {
  readonly input?: Buffer
  readonly enough?: number
  readonly deadlineMs?: number | undefined
}

/** A program that ends well, says nothing of errors, and has written exactly this. */
async function expectOutput(
  command: readonly string[],
  options: RunOptions,
  expected: Uint8Array,
): Promise<void> {
  const { output, code, errors } = await run(command, options)
  const [program = ''] = command
  if (code !== 0 || errors !== '') throw new EchoFailure(`${program} ended with status ${code}: ${errors}`)
  const [one, other] = [output, expected].map((bytes) => createHash('sha256').update(bytes).digest('hex'))
  if (one !== other) throw new EchoFailure(`${program}: ${output.length} bytes, ${expected.length} were due`)
}

/** What is piped into the program goes to the server and back, with the end behind it. */
function throughPipe(command: readonly string[], { size = 16 * MIB, deadlineMs }: Bulk): Promise<void> {
  const input = randomBytes(size)
  return expectOutput(command, { input, deadlineMs }, input)
}

/** @throws EchoFailure */
export function throughSocat({ host, port }: Target, bulk: Bulk = {}): Promise<void> {
  // -t: how long it waits for the server's end after its own. It exits well then, so that is left to the deadline.
  return throughPipe(['socat', '-t', '600', 'STDIO', `TCP:${host}:${port}`], bulk)
}

/** @throws EchoFailure */
export function throughNc({ host, port }: Target, bulk: Bulk = {}): Promise<void> {
  return throughPipe(['nc', '-N', host, String(port)], bulk)
}

function throughNcat({ host, port }: Target, bulk: Bulk): Promise<void> {
  return throughPipe(['ncat', host, String(port)], bulk)
}

/**
 * curl has no end to send and waits for the server's, so it is ended when all has come. On the way from the server RFC 854
 * takes the NUL behind a carriage return for padding, so there is no carriage return.
 */
function throughCurl({ host, port }: Target, { size = 16 * MIB, deadlineMs }: Bulk): Promise<void> {
  const input = randomBytes(size).map((byte) => (byte === 0x0d ? 0x0a : byte)) as Buffer
  const command = ['curl', '--silent', '--show-error', '--no-buffer', '--noproxy', '*']
  return expectOutput([...command, `telnet://${host}:${port}`], { input, enough: size, deadlineMs }, input)
}

/** It reads nothing before all of a request is sent, so a request must fit into the kernel's buffers. */
const REQUEST = 128 * KIB

/** What it sends, `ECHO` and the bytes of its standard input, is an array, and so a reply. */
function throughRedisCli({ host, port }: Target, { size = 16 * MIB, deadlineMs }: Bulk): Promise<void> {
  const input = randomBytes(REQUEST)
  const count = Math.ceil(size / REQUEST)
  const reply = Buffer.concat([Buffer.from('ECHO\n'), input, Buffer.from('\n')])
  return expectOutput(
    ['redis-cli', '-h', host, '-p', String(port), '-r', String(count), '-x', 'ECHO'],
    { input, deadlineMs },
    Buffer.concat(Array<Buffer>(count).fill(reply)),
  )
}

/** An echoed request is a valid reply: an array of strings. One at a time they take long, so they are few then. */
async function throughRedisBenchmark(
  { host, port }: Target,
  { size = 16 * MIB, deadlineMs }: Bulk,
  pipeline: number,
): Promise<void> {
  const count = pipeline > 1 ? Math.ceil(size / 120) : 8000
  const options = `-h ${host} -p ${port} --csv -t ping_mbulk,set,get -c 50 -n ${count} -P ${pipeline}`
  const { output, code, errors } = await run(['redis-benchmark', ...options.split(' ')], { deadlineMs })
  const found = [...output.toString().matchAll(/^"(\w+)","[\d.]+"/gm)].map(([, name]) => name).join(' ')
  if (code !== 0 || found !== 'PING_MBULK SET GET')
    throw new EchoFailure(`redis-benchmark ended with status ${code} after '${found}': ${errors}`)
}

const folder = fileURLToPath(new URL('../clients', import.meta.url))

/** Many connections, each with its own bytes, which the program compares. */
async function throughConnections(
  command: readonly string[],
  { host, port }: Target,
  { size = 16 * MIB, deadlineMs }: Bulk,
): Promise<void> {
  const count = 20
  const args = [host, port, count, Math.ceil(size / count)].map(String)
  await expectOutput([...command, ...args], { deadlineMs }, Buffer.alloc(0))
}

let built: string | undefined

/** Compiles the Go client, with what Go itself brings and no network. */
function conns(): string {
  if (built === undefined) {
    const place = mkdtempSync(join(tmpdir(), 'fdreactor-conns-'))
    process.on('exit', () => rmSync(place, { recursive: true }))
    built = join(place, 'conns')
    const env = { ...process.env, GOTOOLCHAIN: 'local', GOPROXY: 'off', GOFLAGS: '', CGO_ENABLED: '0' }
    execFileSync('go', ['build', '-buildvcs=false', '-o', built, '.'], { cwd: folder, env })
  }
  return built
}

export interface Program {
  readonly name: string
  readonly tools: readonly ToolName[]
  /** Not of the table of tools: Go is large, and taken where it is there. */
  readonly isHere?: boolean
  readonly run: (target: Target, bulk: Bulk) => Promise<void>
  /** Whether each of its connections has bytes of its own. */
  readonly hasMany?: boolean
}

const python = ['python3', join(folder, 'streams.py')]

export const programs: readonly Program[] = [
  { name: 'socat', tools: ['socat'], run: throughSocat },
  { name: 'nc', tools: ['nc'], run: throughNc },
  { name: 'ncat', tools: ['ncat'], run: throughNcat },
  { name: 'curl telnet', tools: ['curl'], run: throughCurl },
  { name: 'redis-cli', tools: ['redis-cli'], run: throughRedisCli },
  {
    name: 'redis-benchmark',
    tools: ['redis-benchmark'],
    run: (target, bulk) => throughRedisBenchmark(target, bulk, 1),
    hasMany: true,
  },
  {
    name: 'redis-benchmark, 16 at a time',
    tools: ['redis-benchmark'],
    run: (target, bulk) => throughRedisBenchmark(target, bulk, 16),
    hasMany: true,
  },
  {
    name: 'asyncio',
    tools: ['python3'],
    run: (target, bulk) => throughConnections(python, target, bulk),
    hasMany: true,
  },
  {
    name: 'Go',
    tools: [],
    isHere: which('go') !== undefined,
    run: (target, bulk) => throughConnections([conns()], target, bulk),
    hasMany: true,
  },
]
