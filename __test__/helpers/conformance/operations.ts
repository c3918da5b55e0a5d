/** What a case does to its descriptors, beside registering them. */
import { WOULD_BLOCK, io } from '../../../dist/index.js'
import { kit, makeTcpBound, makeTcpSocket } from '../kit.js'
import { pause } from './acting.js'
import type { Acting } from './acting.js'
import { Broken, nameOf } from './outcome.js'
import type { World } from './world.js'

/** Between two attempts to write to a TCP socket that is full: what was taken is still on its way. */
const REFILL_MS = 30
/** How long the second half of what was filled may take to come through. */
const TRICKLE_MS = 2000
const POLLIN = 1
/** The most that an eventfd holds less what it holds at first: `max` of the notation. */
const FULL = 2n ** 64n - 2n

const CHUNK = Buffer.alloc(65_536, '.')
const SIDES = { RD: 'read', WR: 'write', RDWR: 'both' } as const

/** What a call counted, or the name of its failure. */
type Result = number | string | undefined

/** A count, or what a call that would block fails with where the library does not return so. */
const counted = (count: number): Result => (count === WOULD_BLOCK ? 'EAGAIN' : count)

/** So many bytes that do not matter, or a quoted text. */
function bytes(content: string): Buffer {
  return content.startsWith("'") ? Buffer.from(content.slice(1, -1)) : Buffer.alloc(Number(content), '.')
}

function write(fd: number, content: Buffer): Result {
  const count = io.write(fd, content)
  if (count !== WOULD_BLOCK && count < content.length) throw new Broken(`${count} of ${content.length} bytes`)
  return counted(count)
}

function drain(fd: number): number {
  const buffer = Buffer.alloc(65_536)
  let total = 0
  for (let count = io.read(fd, buffer); count > 0; count = io.read(fd, buffer)) total += count
  return total
}

/** Reads so many bytes, and waits for them as they come. */
function readAll(fd: number, length: number): void {
  const buffer = Buffer.alloc(65_536)
  for (let left = length; left > 0;) {
    const count = io.read(fd, buffer, 0, Math.min(left, buffer.length))
    if (count === 0) throw new Broken(`the end, ${left} bytes early`)
    if (count > 0) left -= count
    else if (kit.pollOne(fd, POLLIN, TRICKLE_MS) === 0) throw new Broken(`${left} bytes do not come`)
  }
}

function acceptAll(world: World, listener: number): number {
  let count = 0
  for (let fd = io.accept(listener); fd !== WOULD_BLOCK; fd = io.accept(listener)) {
    world.take(`accepted ${count}`, fd)
    count += 1
  }
  return count
}

/** Moves one descriptor to the number that another, closed by now, had. */
function move(world: World, name: string, place: string): void {
  const number = world.number(place)
  if (world.number(name) === number) return
  const moved = kit.dup(world.number(name), number)
  if (moved !== number) throw new Broken(`${number} is not free`)
  world.close(name)
  world.take(name, moved)
}

type Operation = (world: World, ...args: readonly string[]) => unknown

const plain: Readonly<Record<string, Operation>> = {
  w: (world, name = '', content = '', urgent) =>
    urgent === undefined
      ? write(world.number(name), bytes(content))
      : kit.sendUrgentText(world.number(name), bytes(content).toString()),
  r: (world, name = '', count, how) =>
    how === undefined
      ? counted(io.read(world.number(name), Buffer.alloc(Number(count))))
      : kit.receive(world.number(name), Number(count), { urgent: how === 'OOB', peek: how === 'PEEK' }),
  'r*': (world, name = '') => drain(world.number(name)),
  half: (world, name = '') => readAll(world.number(name), Math.floor(world.filled / 2)),
  ew: (world, name = '', count = '') =>
    write(world.number(name), Buffer.from(BigUint64Array.of(count === 'max' ? FULL : BigInt(count)).buffer)),
  er: (world, name = '') => counted(io.read(world.number(name), Buffer.alloc(8))),
  shut: (world, name = '', side = '') => kit.shut(world.number(name), SIDES[side as keyof typeof SIDES]),
  close: (world, name = '') => world.close(name),
  rst: (world, name = '') => {
    kit.lingerZero(world.number(name))
    world.close(name)
  },
  so_error: (world, name = '') => kit.socketError(world.number(name)) ?? 0,
  oobinline: (world, name = '') => kit.urgentInline(world.number(name)),
  connect: (world, name = '', listener = '') => {
    if (!world.isOpen(name)) world.hold(name, makeTcpSocket())
    kit.connectTo(world.number(name), world.number(listener))
  },
  connect_refused: (world, name = '') => {
    // Held until the end: nobody else gets this port meanwhile.
    kit.connectTo(world.number(name), world.hold('refusing', makeTcpBound()))
  },
  accept: (world, listener = '', name = '') => {
    const fd = io.accept(world.number(listener))
    if (fd === WOULD_BLOCK) return 'EAGAIN'
    // As it is: there may be no room for a duplicate.
    world.take(name, fd)
    return 'ok'
  },
  accept_all: (world, listener = '') => acceptAll(world, world.number(listener)),
  dup: (world, name = '', copy = '') => void world.take(copy, kit.dup(world.number(name), 600)),
  dup2: (world, name = '', place = '') => void kit.dupOnto(world.number(name), world.number(place)),
  takes: (world, name = '', place = '') => move(world, name, place),
  nofile: (world, count) => world.leaveFree(Number(count)),
  touch: (world) => world.touch(),
  child_exits: (world) => world.endChild(),
  reap: (world) => world.reapChild(),
}

/** Writes until it would block; on TCP until it still does after a pause. */
function* fill(world: World, name: string): Acting<Result> {
  const fd = world.number(name)
  world.filled = 0
  for (;;) {
    let taken = 0
    for (let count = io.write(fd, CHUNK); count > 0; count = io.write(fd, CHUNK)) taken += count
    world.filled += taken
    if (taken === 0 || !world.settles) return world.filled
    yield* pause(REFILL_MS)
  }
}

export const isOperation = (verb: string): boolean => verb === 'fill' || verb === 'pause' || verb in plain

/** Acts an operation out, and holds its result against what is demanded; without a demand, it must have worked. */
export function* operate(
  world: World,
  verb: string,
  args: readonly string[],
  expected: string | undefined,
): Acting<void> {
  let got: Result
  try {
    if (verb === 'pause') yield* pause(Number(args[0]))
    else if (verb === 'fill') got = yield* fill(world, args[0] ?? '')
    else got = plain[verb]?.(world, ...args) as Result
  } catch (error) {
    got = nameOf(error)
    if (got === undefined || got !== expected) throw error
  }
  const hasWorked = typeof got !== 'string' || got === 'ok'
  if (hasWorked && (expected === undefined || expected === 'ok')) return
  if (String(got) !== expected) throw new Broken(`${verb}(${args.join()}): expected ${expected}, got ${got}`)
}
