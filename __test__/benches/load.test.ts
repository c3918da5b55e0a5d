import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { measureLoad } from '../../benches/compare/load/measure.js'
import type { LoadPlan } from '../../benches/compare/load/measure.js'
import { start } from '../../benches/compare/load/programs.js'
import type { Program } from '../../benches/shared/processes.js'
import type { Figures } from '../../benches/compare/load/protocol.js'
import { isAlive, left, programsOf } from '../helpers/benches/programs.js'
import { PATIENCE_MS, countOpen } from '../helpers/descriptors.js'
import { NATIVE } from '../helpers/matrix.js'
import { commandFor } from '../helpers/runtime.js'
import test from '../helpers/test.js'

const PLAN: LoadPlan = {
  variants: [
    { backend: NATIVE, trigger: 'edge' },
    { backend: 'select', trigger: 'level' },
  ],
  idle: [3],
  active: 2,
  rate: 200,
  bytes: 64,
  seconds: 0.1,
  rounds: 2,
  sustain: false,
  seed: 1,
}

const PROGRAMS = /load\/(?:server|clients)\./

test.serial('measures every variant, and says which number of descriptors one refuses', async (t) => {
  const open = countOpen()
  const steps: number[] = []
  const { cells, refusals, notes } = await measureLoad({ ...PLAN, idle: [3, 1100] }, (done, total) => {
    t.is(total, 12)
    steps.push(done)
  })
  t.deepEqual(steps, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12])
  t.deepEqual(
    cells.map(({ variant, idle }) => `${variant} ${idle}`),
    [`${NATIVE} edge 3`, 'select 3', `${NATIVE} edge 1100`],
  )
  for (const cell of cells) {
    t.like(cell, { active: 2, rate: 200, bytes: 64, sustained: null })
    t.true(cell.p50.median > 0 && cell.p50.median <= cell.p99.median && cell.p99.median <= cell.p999.median)
    t.true(cell.cpu.median > 0)
    t.is(cell.p50.rounds, 2)
  }
  t.deepEqual(refusals, [{ variant: 'select', side: 'api', watched: 1100, code: 'ERR_FDREACTOR_FD_LIMIT' }])
  // On a busy machine the generator may be late, which is said; anything else would be wrong.
  t.deepEqual(
    notes.filter((note) => !note.includes('Not offered')),
    [],
  )
  t.deepEqual(programsOf(process.pid, PROGRAMS), [])
  t.is(countOpen(), open)
})

test.serial('a server that rests takes no turns', async (t) => {
  const programs: Program[] = []
  const options = { backend: NATIVE, trigger: 'level' }
  const server = await start('server', programs, JSON.stringify(options))
  t.teardown(() => server.end())
  const waits = async (): Promise<number> => (await server.ask<Figures>({ kind: 'figures' })).stats.waits
  await server.ask({ kind: 'rest' })
  const before = await waits()
  await sleep(100)
  t.is(await waits(), before)
  await server.ask({ kind: 'work' })
  const end = performance.now() + PATIENCE_MS
  while ((await waits()) === before && performance.now() < end) await sleep(10)
  t.true((await waits()) > before)
})

test.serial('leaves no program when it is aborted', async (t) => {
  const controller = new AbortController()
  const reason = new Error('enough')
  let started: number[] = []
  const measured = measureLoad({ ...PLAN, seconds: 3600, signal: controller.signal }, (done) => {
    if (done !== 2) return
    started = programsOf(process.pid, PROGRAMS)
    // While a round is under way that would take an hour.
    setImmediate(() => controller.abort(reason))
  })
  t.is(await t.throwsAsync(measured), reason)
  t.is(started.length, 4)
  t.deepEqual(started.filter(isAlive), [])
})

test.serial('leaves no program when one of them fails', async (t) => {
  const backend = NATIVE === 'epoll' ? 'kqueue' : 'epoll'
  const measured = measureLoad({ ...PLAN, variants: [{ backend, trigger: 'level' }] }, () => {})
  const error = await t.throwsAsync(measured)
  t.regex(
    error.message,
    /^the benchmark's program 'server' ended with 1:\n[^]*ERR_FDREACTOR_BACKEND_UNSUPPORTED/,
  )
  t.deepEqual(programsOf(process.pid, PROGRAMS), [])
})

test.serial('leaves no program when the process that measures is killed', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fdreactor-test-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'script.mts')
  const measure = new URL('../../benches/compare/load/measure.ts', import.meta.url).href
  writeFileSync(
    file,
    `import { measureLoad } from '${measure}'
     const plan = { ...${JSON.stringify(PLAN)}, seconds: 60 }
     await measureLoad(plan, (done) => { if (done === 2) console.log('measuring') })`,
  )
  const [program = '', ...args] = commandFor(file, { typescript: true })
  const parent = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => parent.kill('SIGKILL'))
  await once(parent.stdout, 'data')
  const started = programsOf(parent.pid!, PROGRAMS)
  t.is(started.length, 4)
  parent.kill('SIGKILL')
  t.deepEqual(await left(started), [])
})
