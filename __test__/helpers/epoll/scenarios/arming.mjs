// Level, edge, oneshot and modify: how often something is told.
const [IN, PRI, OUT, ERR, HUP, RDHUP, ET] = /** @type {const} */ ([1, 2, 4, 8, 16, 0x2000, 0x8000_0000])
const ONESHOT = 0x4000_0000
const EXCLUSIVE = 0x1000_0000

/** @typedef {import('../world.mjs').World} World */
/** @typedef {readonly [word: string, action: (one: number, other: number) => unknown]} Step */

/**
 * Says how often a mask is told of what happens to a socket, step by step.
 *
 * @param {World} w
 * @param {number} mask
 * @param {readonly Step[]} steps
 * @param {[number, number]} [sockets]
 * @param {boolean} [counted]
 */
async function follow(w, mask, steps, sockets = w.pair(), counted = true) {
  const watcher = w.watcher()
  const [one, other] = sockets
  watcher.epoll.add(one, mask)
  for (const [word, step] of steps) {
    await step(one, other)
    if (word === 'modified') watcher.epoll.modify(one, mask)
    // A level is what lasts; an edge is told once.
    if ((mask & (ET | ONESHOT)) === 0) await w.settle(watcher)
    await w.turns()
    // One thing may come in two packets.
    w.say(
      `${word}:`,
      counted ? times(watcher.seen) : [...new Set(watcher.seen)].toSorted().join(', ') || 'nothing',
    )
    watcher.seen.length = 0
  }
  watcher.epoll.close()
}

/** @param {readonly string[]} seen */
function times(seen) {
  const how = seen.length === 0 ? '' : seen.length === 1 ? 'once ' : 'again and again '
  return `${how}${[...new Set(seen)].toSorted().join(', ')}` || 'nothing'
}

/** @type {Step} */
const nothing = ['nothing happened', () => {}]
/** @type {Step} */
const modified = ['modified', () => {}]
/**
 * What can happen to a socket, and has arrived then.
 *
 * @param {World} w
 */
function stepsOf(w) {
  /**
   * @param {string} word
   * @param {number} events that arrive
   * @param {(other: number) => unknown} action
   * @returns {Step}
   */
  const far = (word, events, action) => [
    word,
    (one, other) => {
      action(other)
      w.arrive(one, events)
    },
  ]
  return {
    written: far('written', IN, (other) => w.write(other)),
    shut: far('shut down', RDHUP, (other) => w.call('shut', other, 1)),
    gone: far('gone', 0, (other) => w.close(other)),
    urgent: far('urgent', PRI, (other) => w.call('sendUrgent', other, 33)),
    read: /** @type {Step} */ (['read', (one) => w.read(one)]),
    received: /** @type {Step} */ (['received', (one) => void w.call('receive', one, 4, true, false)]),
  }
}

/** Each mask, through everything that can happen to a UNIX socket. @type {Record<string, number>} */
const MASKS = {
  'level in': IN,
  'edge in': IN | ET,
  'oneshot in': IN | ONESHOT,
  'edge oneshot in': IN | ET | ONESHOT,
  'level out': OUT,
  'edge out': OUT | ET,
  'level half-close': RDHUP,
  'edge half-close': RDHUP | ET,
  'oneshot half-close': RDHUP | ONESHOT,
  'level in or half-close': IN | RDHUP,
  'edge in or half-close': IN | RDHUP | ET,
  'level hang-up': HUP,
  'edge hang-up': HUP | ET,
  'oneshot hang-up': HUP | ONESHOT,
  'edge oneshot hang-up': HUP | ET | ONESHOT,
  'level error': ERR,
  'level nothing': 0,
  'edge nothing': ET,
  'oneshot nothing': ONESHOT,
  'level priority': PRI,
  'edge priority': PRI | ET,
  'level in, out, half-close': IN | OUT | RDHUP,
  'edge in, out, half-close': IN | OUT | RDHUP | ET,
}

/** @type {Record<string, import('../world.mjs').Scenario>} */
const through = Object.fromEntries(
  Object.entries(MASKS).map(([name, mask]) => [
    `${name}, through the life of a socket`,
    (w) => {
      const { written, read, shut, gone } = stepsOf(w)
      return follow(w, mask, [
        nothing,
        written,
        nothing,
        written,
        modified,
        read,
        nothing,
        modified,
        written,
        read,
        shut,
        nothing,
        modified,
        gone,
        nothing,
        modified,
      ])
    },
  ]),
)

/** @type {Record<string, import('../world.mjs').Scenario>} */
const urgently = Object.fromEntries(
  Object.entries({
    level: PRI,
    edge: PRI | ET,
    oneshot: PRI | ONESHOT,
    'edge oneshot': PRI | ET | ONESHOT,
    'level, with in': PRI | IN,
    'edge, with in and half-close': PRI | IN | RDHUP | ET,
  }).map(([name, mask]) => [
    `urgent data, ${name}`,
    (w) => {
      const { written, read, urgent, received, shut } = stepsOf(w)
      return follow(
        w,
        mask,
        [
          nothing,
          urgent,
          nothing,
          modified,
          received,
          nothing,
          written,
          modified,
          read,
          urgent,
          shut,
          nothing,
          received,
          modified,
        ],
        w.tcp(),
        false,
      )
    },
  ]),
)

/** @satisfies {Record<string, import('../world.mjs').Scenario>} */
export const arming = {
  ...through,
  ...urgently,
  'modify changes what is told': async (w) => {
    const watcher = w.watcher()
    const [one, other] = w.pair()
    w.write(other)
    watcher.epoll.add(one, 0)
    for (const mask of [
      IN,
      OUT,
      0,
      IN | OUT,
      0,
      IN | ET,
      ERR,
      IN | ET | ONESHOT,
      HUP,
      IN,
      0,
      OUT | ET,
      PRI,
      OUT | ONESHOT,
    ]) {
      watcher.epoll.modify(one, mask)
      if ((mask & (ET | ONESHOT)) === 0) await w.settle(watcher)
      await w.turns()
      w.say(w.names(mask), times(watcher.seen))
      watcher.seen.length = 0
    }
    watcher.epoll.close()
  },
  'numbers of events are taken as 32 bits': async (w) => {
    const watcher = w.watcher()
    const [one, other] = w.pair()
    w.write(other)
    for (const events of [
      1.9,
      2 ** 32 + 4,
      -(2 ** 31) + 1,
      NaN,
      Infinity,
      -Infinity,
      2 ** 53,
      0.5,
      -0.5,
      -4,
    ]) {
      const duplicate = w.duplicate(one)
      w.attempt(() => watcher.epoll.add(duplicate, events))
      await w.turns()
      w.say(events, times(watcher.seen))
      watcher.seen.length = 0
      if (events !== -4) watcher.epoll.remove(duplicate)
    }
    watcher.epoll.close()
  },
  'EPOLLEXCLUSIVE goes with some, and is not modified': async (w) => {
    const watcher = w.watcher()
    const [one, other] = w.pair()
    w.write(other)
    for (const mask of [IN, OUT, IN | OUT | ET, 0, ERR | HUP, PRI, RDHUP, IN | ONESHOT, IN | 0x40]) {
      const duplicate = w.duplicate(one)
      w.say(w.names(mask))
      w.attempt(() => watcher.epoll.add(duplicate, mask | EXCLUSIVE))
      await w.turns()
      w.say(times(watcher.seen))
      watcher.seen.length = 0
    }
    watcher.epoll.add(one, IN | EXCLUSIVE)
    w.attempt(() => watcher.epoll.modify(one, IN))
    watcher.epoll.remove(one).add(one, IN)
    w.attempt(() => watcher.epoll.modify(one, IN | EXCLUSIVE))
    watcher.epoll.close()
  },
  'an edge comes again with each write, also unread': (w) => {
    const { written } = stepsOf(w)
    return follow(w, IN | ET, [written, written, written, nothing])
  },
  'one shot, and another by modify': async (w) => {
    const watcher = w.watcher()
    const [reader, writer] = w.pipe()
    watcher.epoll.add(reader, IN | ONESHOT)
    w.write(writer)
    await w.tellAll(watcher)
    w.write(writer)
    await w.tellAll(watcher)
    watcher.epoll.modify(reader, IN | ONESHOT)
    await w.tellAll(watcher)
    w.read(reader)
    watcher.epoll.modify(reader, IN | ONESHOT)
    await w.tellAll(watcher)
    watcher.epoll.close()
  },
  'nothing is told between remove and add': async (w) => {
    const watcher = w.watcher()
    const [reader, writer] = w.pipe()
    watcher.epoll.add(reader, IN)
    w.write(writer)
    await w.tellRepeated(watcher)
    watcher.epoll.remove(reader)
    watcher.seen.length = 0
    await w.tellAll(watcher)
    watcher.epoll.add(reader, IN)
    await w.tellRepeated(watcher)
    watcher.epoll.close()
  },
  'many descriptors of one instance, each for itself': async (w) => {
    const watcher = w.watcher()
    const pipes = Array.from({ length: 20 }, (_, index) => {
      const [reader, writer] = w.pipe()
      w.label(`pipe ${index}`, reader)
      watcher.epoll.add(reader, IN | ET)
      return { reader, writer }
    })
    for (const { writer } of pipes.filter((_, index) => index % 3 === 0)) w.write(writer)
    await w.turns()
    watcher.seen.sort()
    await w.tellAll(watcher)
    watcher.epoll.close()
  },
  'several instances, each its own': async (w) => {
    const watchers = Array.from({ length: 5 }, () => w.watcher())
    for (const [index, { epoll }] of watchers.entries()) {
      const [reader, writer] = w.pipe()
      w.label(`pipe ${index}`, reader)
      epoll.add(reader, IN)
      w.write(writer)
    }
    for (const watcher of watchers) await w.tellRepeated(watcher)
    for (const { epoll } of watchers) epoll.close()
  },
}
