// What the scenes report, against the table of readiness cases (the letters and the names of rows are its own).
import { column, playScene } from '../helpers/demo.js'
import { serial } from '../helpers/echo-columns.js'

const COLUMNS = ['epoll level', 'epoll edge', 'poll', 'select'] as const

type Row = Readonly<Record<(typeof COLUMNS)[number], string>>

/** A program of a scene: its steps in every column, joined by semicolons. */
interface Expected {
  readonly kind: 'shown' | 'fault' | 'right'
  readonly rows: Row
}

/** The same on all. */
const same = (steps: string): Row => ({
  'epoll level': steps,
  'epoll edge': steps,
  poll: steps,
  select: steps,
})

/** The same on all but for an edge. */
const edge = (steps: string, edges: string): Row => ({ ...same(steps), 'epoll edge': edges })

/** Level, edge, select. */
const three = (steps: string, edges: string, select: string): Row => ({ ...edge(steps, edges), select })

const closed = 'both are closed, two newcomers get their numbers'

const scenes: Readonly<Record<string, readonly Expected[]>> = {
  // C01, C03, C04
  'level-edge': [
    {
      kind: 'shown',
      rows: edge(
        'I; I; I, read: 3 bytes; I; -, read x 2: 3 bytes, EAGAIN',
        'I; -; -, read: 3 bytes; I; -, read x 2: 3 bytes, EAGAIN',
      ),
    },
    {
      kind: 'fault',
      rows: edge(
        'I, read: 1,024 bytes; I, read: 1,024 bytes; I, read: 452 bytes; read: EAGAIN',
        'I, read: 1,024 bytes; -; -; read x 3: 1,476 bytes, EAGAIN',
      ),
    },
    { kind: 'right', rows: same('I, read x 4: 2,500 bytes, EAGAIN; -; -; read: EAGAIN') },
  ],
  // C01, C04, C06, C11
  oneshot: [
    {
      kind: 'shown',
      rows: same('I; disarmed; -; -; I; -, read x 2: 3 bytes, EAGAIN; armed; I'),
    },
    {
      kind: 'fault',
      rows: edge('I; I; I; 3; -, read x 2: 4 bytes, EAGAIN', 'I; -; I; 2; -, read x 2: 4 bytes, EAGAIN'),
    },
    { kind: 'right', rows: same('I; -; -; 1; -, read x 2: 4 bytes, EAGAIN') },
  ],
  // E03, E04
  'accept-edge': [
    {
      kind: 'fault',
      rows: edge(
        'I, accept: 1 connection; I, accept: 1 connection; I, accept: 1 connection; I, accept: 1 connection; accept: EAGAIN',
        'I, accept: 1 connection; -; -; I, accept: 1 connection; accept x 3: 2 connections, EAGAIN',
      ),
    },
    {
      kind: 'right',
      rows: same(
        'I, accept x 4: 3 connections, EAGAIN; -; -; I, accept x 2: 1 connection, EAGAIN; accept: EAGAIN',
      ),
    },
  ],
  // D16, D22, D25, D29
  'half-close': [
    {
      kind: 'shown',
      rows: three(
        'I; ID; ID, read: 5 bytes; ID, read: the end; write: 5 bytes; read: 5 bytes',
        'I; ID; -, read: 5 bytes; -, read: the end; write: 5 bytes; read: 5 bytes',
        'I; I; I, read: 5 bytes; I, read: the end; write: 5 bytes; read: 5 bytes',
      ),
    },
    {
      kind: 'fault',
      rows: three(
        'ID; read: ECONNRESET',
        'ID; read: ECONNRESET',
        'I, read x 2: 5 bytes, the end, write: 5 bytes; read x 2: 5 bytes, the end',
      ),
    },
    {
      kind: 'right',
      rows: three(
        'ID, read x 2: 5 bytes, the end, write: 5 bytes; read x 2: 5 bytes, the end',
        'ID, read x 2: 5 bytes, the end, write: 5 bytes; read x 2: 5 bytes, the end',
        'I, read x 2: 5 bytes, the end, write: 5 bytes; read x 2: 5 bytes, the end',
      ),
    },
  ],
  // D20, D23
  'hang-up': [
    {
      kind: 'shown',
      rows: three('ID; IDH; IDHE; IDH, ECONNRESET', 'ID; IDH; IDHE; -, ECONNRESET', 'I; I; I; I, ECONNRESET'),
    },
    {
      kind: 'fault',
      rows: three(
        'I, read: 5 bytes; IDHE; IDHE; IDHE; 1',
        'I, read: 5 bytes; IDHE; -; -; 1',
        'I, read: 5 bytes; I, read: ECONNRESET; -; -; 0',
      ),
    },
    {
      kind: 'right',
      rows: three(
        'I, read: 5 bytes; IDHE, read: ECONNRESET; -; -; 0',
        'I, read: 5 bytes; IDHE, read: ECONNRESET; -; -; 0',
        'I, read: 5 bytes; I, read: ECONNRESET; -; -; 0',
      ),
    },
  ],
  // L05
  'select-limit': [
    {
      kind: 'shown',
      rows: {
        ...same('no limit; I, accept: 1 connection; I, accept: 1 connection'),
        select: '1,023; I, accept: 1 connection; -, ERR_FDREACTOR_FD_LIMIT',
      },
    },
    {
      kind: 'fault',
      rows: {
        ...same('I, accept: 1 connection; I, accept: 1 connection; 2'),
        select: 'I, accept: 1 connection, ERR_FDREACTOR_FD_LIMIT ends the server; -; 0',
      },
    },
    {
      kind: 'right',
      rows: {
        ...same('I, accept: 1 connection; I, accept: 1 connection; 2'),
        select: 'I, accept: 1 connection, turned away; I, accept: 1 connection, turned away; 0',
      },
    },
  ],
  // J01, J05, J07
  'stale-fd': [
    {
      kind: 'fault',
      rows: {
        ...same(`2 x READABLE READ_CLOSED HANGUP ERROR; ${closed}; a newcomer is closed; 1 of 2`),
        select: `2 x READABLE; read: ECONNRESET, ${closed}; read: EAGAIN; 2 of 2`,
      },
    },
    {
      kind: 'right',
      rows: { ...same(`IDHE, ${closed}; 1; 2 of 2`), select: `I, read: ECONNRESET, ${closed}; 1; 2 of 2` },
    },
    {
      kind: 'shown',
      rows: {
        'epoll level': '-; -; armed; EBADF',
        'epoll edge': '-; -; armed; EBADF',
        poll: 'N; -; closed; nothing',
        select: 'N; -; closed; nothing',
      },
    },
    {
      kind: 'shown',
      rows: {
        'epoll level': '-; ok; I',
        'epoll edge': '-; ok; I',
        poll: 'I; EEXIST; -',
        select: 'I; EEXIST; -',
      },
    },
  ],
}

for (const [name, programs] of Object.entries(scenes)) {
  serial({ linux: true })(
    `the scene ${name} reports what the kernel does, on every backend and trigger`,
    async (t) => {
      const report = await playScene(t, name)
      const played = report.programs.filter(({ leftOut }) => leftOut === undefined)
      const found = played.map((program) => ({
        kind: program.kind,
        rows: Object.fromEntries(
          Object.keys(program.calls).map((each) => [each, column(program, each).join('; ')]),
        ),
      }))
      t.deepEqual(found, programs.slice(0, found.length))
      // Deno closes no descriptor that it did not open.
      t.is(found.length, 'Deno' in globalThis && name === 'stale-fd' ? 2 : programs.length)
      // One sentence.
      t.regex(report.why, /^[A-Z][^.]*\.$/)
    },
  )
}
