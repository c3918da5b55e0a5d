// What each program notices of a server that is wrong on purpose, fault by fault: so a test that it passes says something, and
// what it says nothing about stands here.
import { EchoFailure } from '../helpers/echo-change.js'
import { serial } from '../helpers/echo-columns.js'
import { programs } from '../helpers/echo-programs.js'
import type { Program } from '../helpers/echo-programs.js'
import { startMutants } from '../helpers/echo-server.js'
import type { Target } from '../helpers/echo-server.js'

const SIZE = 1024 * 1024

/** How much longer than with a correct server a program waits until it counts as waiting for ever. */
const LATE_MS = 2000

/** A program tells of the fault and ends, or waits for what never comes, or passes. What is `luck` is not tried. */
type Outcome = 'ends' | 'waits' | 'blind' | 'luck'
type Outcomes = Readonly<Record<string, Outcome>>

/** What a program makes of each fault that sends bytes to nobody else. */
const usual: Outcomes = {
  'drops a byte': 'ends',
  'repeats a chunk': 'ends',
  'changes a bit': 'ends',
  'changes a letter': 'ends',
  'swaps two bytes': 'ends',
  'loses the tail': 'ends',
  'adds a byte': 'ends',
  'never ends': 'waits',
  'ends early': 'ends',
  'resets at the end': 'ends',
  'forgets a connection': 'waits',
}

interface Difference {
  readonly because: string
  readonly of: readonly string[]
  readonly outcomes: Outcomes
}

const benchmarks = ['redis-benchmark', 'redis-benchmark, 16 at a time']

/** What is otherwise, and why. */
const differences: readonly Difference[] = [
  {
    because: 'it ends well if everything came before the reset',
    of: ['socat', 'nc'],
    outcomes: { 'resets at the end': 'luck' },
  },
  {
    because:
      'it does not half-close, so the server has no end to answer; it closes when it has what it waits for',
    of: ['curl telnet', 'redis-cli', ...benchmarks],
    outcomes: {
      'drops a byte': 'waits',
      'loses the tail': 'waits',
      'adds a byte': 'blind',
      'never ends': 'blind',
      'resets at the end': 'blind',
    },
  },
  {
    because: 'it looks at the form of a reply, and not at what it says',
    of: benchmarks,
    outcomes: { 'changes a letter': 'blind' },
  },
  {
    because: 'the byte that is missing is a length: the next one is none',
    of: benchmarks,
    outcomes: { 'drops a byte': 'ends' },
  },
  {
    because: 'the bit makes a length greater by one, and nothing follows while it waits for that byte',
    of: ['redis-benchmark'],
    outcomes: { 'changes a bit': 'waits' },
  },
  {
    because: 'the neighbour gets its reply, and it sends nothing more before it has it',
    of: benchmarks,
    outcomes: { 'mixes up connections': 'waits' },
  },
]

function expected({ name, hasMany }: Program): Outcomes {
  const special = differences.filter(({ of }) => of.includes(name)).map(({ outcomes }) => outcomes)
  const all = Object.entries(
    Object.assign({}, usual, hasMany ? { 'mixes up connections': 'ends' } : {}, ...special) as Outcomes,
  )
  return Object.fromEntries(all.filter(([, outcome]) => outcome !== 'luck'))
}

/** How a program fares with a server, and what it says. */
async function outcomeOf(program: Program, target: Target, deadlineMs?: number): Promise<[Outcome, string]> {
  try {
    await program.run(target, { size: SIZE, deadlineMs })
    return ['blind', '']
  } catch (error) {
    if (!(error instanceof EchoFailure)) throw error
    return [error.message.includes('not done within') ? 'waits' : 'ends', error.message]
  }
}

for (const program of programs) {
  const outcomes = expected(program)
  serial({ tools: program.tools, isHere: program.isHere ?? true })(
    `${program.name} notices what it can`,
    async (t) => {
      t.timeout(4 * 60_000)
      const servers = await startMutants(t, ['none', ...Object.keys(outcomes)])
      const began = Date.now()
      const found = new Map<string, Outcome>()
      const attempt = async (fault: string, deadlineMs?: number): Promise<void> => {
        const target = servers.get(fault)
        if (target === undefined) throw new Error(`no server that ${fault}`)
        const [outcome, message] = await outcomeOf(program, target, deadlineMs)
        t.log(`${fault}: ${outcome} ${message.slice(0, 100)}`)
        found.set(fault, outcome)
      }
      await attempt('none')
      t.is(found.get('none'), 'blind')
      found.delete('none')
      const lateMs = LATE_MS + 2 * (Date.now() - began)
      await Promise.all(
        Object.entries(outcomes).map(([fault, outcome]) =>
          attempt(fault, outcome === 'waits' ? lateMs : undefined),
        ),
      )
      t.deepEqual(Object.fromEntries(found), { ...outcomes })
    },
  )
}
