import { missing, type ToolName } from '../../scripts/tools.mjs'
import { isLinux } from './echo-process.js'
import { Client } from './echo-connection.js'
import { type EchoServer, type Start, startEcho } from './echo-server.js'
import test, { type ExecutionContext } from './test.js'

/** A way to run the server; every test runs on each. */
export interface Column {
  readonly backend: 'epoll' | 'kqueue' | 'poll' | 'select'
  readonly trigger: 'level' | 'edge'
  /** On `listen`, and not on readiness alone. */
  readonly server?: boolean
  /** In so many Workers. */
  readonly workers?: number
}

const best = isLinux ? 'epoll' : 'kqueue'

export const columns: readonly Column[] = [
  { backend: best, trigger: 'level' },
  { backend: best, trigger: 'edge' },
  { backend: 'poll', trigger: 'level' },
  { backend: 'select', trigger: 'level' },
  { backend: best, trigger: 'level', server: true },
  { backend: best, trigger: 'edge', server: true },
  // On select it waits in the same way.
  { backend: 'poll', trigger: 'level', server: true },
]

/** For what takes long: what the server owes to `listen` differs little by backend. */
export const fewer = columns.filter(
  ({ backend, trigger, server }) => !server || (backend === best && trigger === 'level'),
)

/** Several threads: what a connection sees of the server is the same in each. */
export const withWorkers: readonly Column[] = [
  { backend: best, trigger: 'level', workers: 2 },
  { backend: best, trigger: 'edge', server: true, workers: 2 },
]

export interface Needs {
  /** Whether something else that it takes is here. */
  readonly isHere?: boolean
  /** Programs from outside; where one is missing, the test is left out by its name. */
  readonly tools?: readonly ToolName[]
  /** It reads the tables of the Linux kernel. */
  readonly linux?: boolean
  readonly on?: readonly Column[]
}

/** One test after another: each has a server of its own, and many of them keep a processor busy. */
export function serial(needs: Needs = {}): typeof test.serial | typeof test.skip {
  const isHere =
    (needs.isHere ?? true) &&
    !missing.some(({ name }) => needs.tools?.includes(name)) &&
    (isLinux || !needs.linux)
  return isHere ? test.serial : test.serial.skip
}

const nameOf = ({ backend, trigger, server, workers }: Column): string =>
  `${backend}::${trigger}${server ? '::server' : ''}${workers ? '::workers' : ''}`

/** The options that stand for a column. */
export function argumentsOf({ backend, trigger, server, workers }: Column): readonly string[] {
  const rest = [...(server ? ['--server'] : []), ...(workers ? ['--workers', String(workers)] : [])]
  return ['--backend', backend, '--trigger', trigger, ...rest]
}

/** Declares a test for each column. */
export function each(
  title: string,
  run: (t: ExecutionContext, column: Column) => Promise<void>,
  needs: Needs = {},
): void {
  const declare = serial(needs)
  for (const column of needs.on ?? columns) {
    declare(`${title}::${nameOf(column)}`, async (t) => {
      // ava ends a file in which nothing happens for so long; that is for tests that hang, not for slow machines.
      t.timeout(4 * 60_000)
      await run(t, column)
    })
  }
}

/** Starts the server of a column on a free port. */
export function startColumn(
  t: ExecutionContext,
  column: Column,
  args: readonly string[] = [],
  how: Start = {},
): Promise<EchoServer> {
  return startEcho(t, [...argumentsOf(column), '--port', '0', ...args], how)
}

/** How many it has open once it has served somebody: some runtimes open their own only then. */
export async function descriptorsOf(server: EchoServer): Promise<number> {
  const client = await Client.open(server)
  await client.roundTrip(Buffer.from('hello'))
  client.finish()
  await client.expectEnd()
  await server.connections(0)
  return server.descriptors()
}
