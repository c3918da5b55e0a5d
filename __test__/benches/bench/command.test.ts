/** `fdreactor bench`, as its users start it, with settings that take no time. Nothing here is about speed. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { namesOf } from '../../../benches/bench/peers.js'
import type { EchoCell, Result } from '../../../benches/bench/result.js'
import { PATIENCE_MS } from '../../helpers/descriptors.js'
import { left, programsOf } from '../../helpers/benches/programs.js'
import test from '../../helpers/test.js'
import type { ExecutionContext } from '../../helpers/test.js'

const program = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url))
const isLinux = process.platform === 'linux'

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function bench(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, ...env } }
    execFile(process.execPath, [program, 'bench', ...args], options, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr })
    })
  })
}

/** Runs it, and returns what it wrote. */
async function measured(
  t: ExecutionContext,
  args: readonly string[],
  env?: NodeJS.ProcessEnv,
): Promise<{ result: Result; stdout: string; stderr: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'fdreactor-bench-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const json = join(folder, 'result.json')
  const { code, stdout, stderr } = await bench([...args, '--json', json], env)
  t.is(code, 0, stderr)
  t.false(stdout.includes('\u001B'), 'no colours where no terminal is')
  return { result: JSON.parse(readFileSync(json, 'utf8')) as Result, stdout, stderr }
}

const keyOf = ({ peer, bytes, connections }: EchoCell): string => `${peer} ${bytes}x${connections}`

test.serial('every server that is here echoes every byte, and messages are counted exactly', async (t) => {
  // The larger message is more than a server takes at once.
  const args = ['echo', '--rounds', '2', '--messages', '40', '--sizes', '1,200000', '--connections', '3']
  const { result, stdout, stderr } = await measured(t, args)
  const names = result.peers.map(({ name }) => name)
  t.deepEqual(
    [...names, ...result.leftOut.map(({ peer }) => peer)].toSorted(),
    [...namesOf('echo')].toSorted(),
    'a peer is measured or left out, and none that was measured failed',
  )
  for (const name of ['fdreactor', 'fdreactor-edge', 'fdreactor-ready', 'node', 'rust'])
    t.true(names.includes(name), name)
  t.deepEqual(
    result.echo.map((cell) => [keyOf(cell), cell.messages]),
    [1, 200_000].flatMap((bytes) => names.map((name) => [`${name} ${bytes}x3`, 80])),
  )
  for (const { peer, cpu, busy, rate, p50, p99, p999, ratios, doubt } of result.echo) {
    t.is(doubt, null)
    t.is(cpu !== null && busy !== null, isLinux)
    t.true(rate.median > 0 && p50.median <= p99.median && p99.median <= p999.median)
    t.is(rate.rounds, 2)
    t.is('rust' in ratios, peer !== 'rust')
  }
  t.like(result.settings, { kind: 'echo', rounds: 2, seconds: 0, messages: 40, open: null, quick: false })
  t.true(stdout.includes('Echo, 200,000 B, 3 connections'))
  t.regex(stderr, /echo: {2}\d+ % {2}1 B, 3 connections: \S+, round 1 of 2/)
})

test.serial('at a fixed rate all messages are accounted for', async (t) => {
  const args = ['echo', '--peers', 'rust', '--rounds', '1', '--seconds', '0.2', '--open', '1000']
  const { result } = await measured(t, [...args, '--connections', '4'])
  t.is(result.settings.open, 1000)
  t.deepEqual(result.echo.map(keyOf), ['rust 64x4'])
  const [cell] = result.echo
  t.true((cell?.messages ?? 0) <= 200)
  if (cell?.doubt === null) t.is(cell.messages, 200)
})

test.serial('connections that come and go are counted exactly', async (t) => {
  const args = [
    'accept',
    '--quick',
    '--rounds',
    '1',
    '--messages',
    '60',
    '--sizes',
    '0,64',
    '--connections',
    '4',
  ]
  const { result, stdout } = await measured(t, args)
  const names = result.peers.map(({ name }) => name)
  t.deepEqual(
    result.accept.map(({ peer, bytes, accepted }) => [`${peer} ${bytes}`, accepted]),
    [0, 64].flatMap((bytes) => names.map((name) => [`${name} ${bytes}`, 60])),
  )
  t.true(stdout.includes('Accept: connections that exchange 64 B and are reset'))
})

test.serial('the memory of idle connections is measured', async (t) => {
  const args = ['memory', '--peers', 'fdreactor,node,rust', '--rounds', '1', '--connections', '200']
  const { result } = await measured(t, args)
  const told = isLinux ? ['fdreactor', 'node', 'rust'] : []
  t.deepEqual(
    result.memory.map(({ peer, connections }) => [peer, connections]),
    told.map((peer) => [peer, 200]),
  )
  for (const { base } of result.memory) t.true(base.median > 1024 * 1024)
})

test.serial('callbacks are counted for ours, and for the package epoll where it is', async (t) => {
  const { result } = await measured(t, ['dispatch', '--quick', '--rounds', '1', '--seconds', '0.5'])
  const names = result.peers.map(({ name }) => name)
  t.true(names.includes('fdreactor'))
  t.deepEqual(
    result.dispatch.map(({ peer, descriptors }) => `${peer} ${descriptors}`),
    [1, 64].flatMap((descriptors) => names.map((name) => `${name} ${descriptors}`)),
  )
  for (const { callbacks, rate } of result.dispatch) t.true(callbacks > 0 && rate.median > 0)
})

test.serial('a peer that is not here is named, with what would bring it', async (t) => {
  const nowhere = mkdtempSync(join(tmpdir(), 'fdreactor-nowhere-'))
  t.teardown(() => rmSync(nowhere, { recursive: true }))
  const args = ['echo', '--peers', 'rust,bun,deno,go,python-epoll', '--rounds', '1', '--messages', '5']
  const { result, stdout, stderr } = await measured(t, [...args, '--connections', '1'], {
    PATH: nowhere,
    FDREACTOR_CACHE: nowhere,
  })
  t.deepEqual(
    result.peers.map(({ name }) => name),
    ['rust'],
    stderr,
  )
  t.deepEqual(result.leftOut, [
    { peer: 'bun', why: 'bun is not on PATH (in a checkout, `node scripts/peers.mjs` installs it)' },
    { peer: 'deno', why: 'deno is not on PATH (in a checkout, `node scripts/peers.mjs` installs it)' },
    { peer: 'go', why: 'go is not on PATH' },
    { peer: 'python-epoll', why: 'python3 is not on PATH' },
  ])
  t.true(stdout.includes('- go: go is not on PATH'))
  // There is no taskset either.
  t.true(result.disturbances.some((sentence) => sentence.includes('taskset is not here')))
})

test.serial('what does not fit is left out, and said', async (t) => {
  const args = ['echo', '--peers', 'rust', '--rounds', '1', '--messages', '5', '--sizes', '1,10000000']
  const { result } = await measured(t, [...args, '--connections', '2,30,999999'])
  t.deepEqual(result.echo.map(keyOf), ['rust 1x2', 'rust 10000000x2', 'rust 1x30'])
  t.is(result.disturbances.filter((sentence) => sentence.startsWith('Left out: ')).length, 3)
})

test.serial('Ctrl-C and a kill leave nothing running', async (t) => {
  const ours = /benches\/(?:loader|peers)\b/
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
    const args = [program, 'bench', 'echo', '--peers', 'rust,node', '--rounds', '1', '--seconds', '600']
    const child = spawn(process.execPath, args, { stdio: 'ignore' })
    t.teardown(() => child.kill('SIGKILL'))
    const end = performance.now() + PATIENCE_MS
    let started: number[] = []
    while (started.length < 2 && performance.now() < end) {
      await sleep(20)
      started = programsOf(child.pid!, ours)
    }
    t.is(started.length, 2)
    child.kill(signal)
    const [code, by] = (await once(child, 'exit')) as [number | null, string | null]
    t.deepEqual([code, by], { SIGINT: [130, null], SIGTERM: [143, null], SIGKILL: [null, 'SIGKILL'] }[signal])
    t.deepEqual(await left(started), [])
  }
})

test.serial('a wrong command line is one line and status 2, and help is help', async (t) => {
  const { code, stdout, stderr } = await bench(['moon'])
  t.deepEqual({ code, stdout }, { code: 2, stdout: '' })
  t.is(
    stderr,
    "fdreactor bench: bench takes echo, accept, memory, dispatch, not 'moon' ('fdreactor bench --help' shows the options)\n",
  )
  const help = await bench(['--help'])
  t.deepEqual({ code: help.code, stderr: help.stderr }, { code: 0, stderr: '' })
  t.true(help.stdout.startsWith('Usage: fdreactor bench echo|accept|memory|dispatch [options]\n'))
})
