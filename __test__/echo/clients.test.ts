// Our own clients notice what a server can do wrong; so a test that they pass says something. Of other people's programs
// clients/mutants.test.ts says the same.
import { EchoFailure } from '../helpers/echo-change.js'
import { burst, slowReader } from '../helpers/echo-clients.js'
import { serial } from '../helpers/echo-columns.js'
import { type EchoServer, startMutant } from '../helpers/echo-server.js'
import test from '../helpers/test.js'

const MIB = 1024 * 1024

/** Where a mutant makes a client wait for ever. */
const SHORT_MS = 2000

const faults = [
  'drops a byte',
  'repeats a chunk',
  'changes a bit',
  'swaps two bytes',
  'loses the tail',
  'adds a byte',
  'never ends',
  'ends early',
  'resets at the end',
  'forgets a connection',
] as const

interface Trial {
  readonly name: string
  readonly declare: typeof test.serial | typeof test.skip
  readonly run: (server: EchoServer, deadlineMs?: number) => Promise<unknown>
  /** What only this client can notice. */
  readonly also?: readonly string[]
}

const trials: readonly Trial[] = [
  {
    name: 'burst',
    declare: serial(),
    run: (server, deadlineMs) => burst(server, { count: 50, ...(deadlineMs && { deadlineMs }) }),
    also: ['mixes up connections'],
  },
  {
    name: 'slow reader',
    declare: serial({ linux: true }),
    run: (server, deadlineMs) =>
      slowReader(server, { others: 0, growth: 24 * MIB, ...(deadlineMs && { deadlineMs }) }),
    also: ['keeps everything'],
  },
  {
    name: 'slow reader beside others',
    declare: serial({ linux: true }),
    run: (server, deadlineMs) => slowReader(server, { size: 16 * MIB, ...(deadlineMs && { deadlineMs }) }),
    also: ['mixes up connections', 'waits for one peer'],
  },
]

for (const { name, declare, run, also = [] } of trials) {
  declare(`${name}: a correct server passes`, async (t) => {
    const server = await startMutant(t, 'none')
    await t.notThrowsAsync(run(server))
  })

  for (const fault of [...faults, ...also]) {
    declare(`${name}: notices a server that ${fault}`, async (t) => {
      const server = await startMutant(t, fault)
      const error = await t.throwsAsync(run(server, SHORT_MS), { instanceOf: EchoFailure })
      t.log(error?.message ?? '')
    })
  }
}
