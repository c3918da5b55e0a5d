// What a callback gets, and what it may do.
import { AsyncLocalStorage, createHook, executionAsyncId } from 'node:async_hooks'
import { setImmediate, setTimeout } from 'node:timers/promises'

const [IN, OUT] = /** @type {const} */ ([1, 4])
const ONESHOT = 0x4000_0000

/** Pipes with data. @param {import('../world.mjs').World} w @param {number} count */
function readyPipes(w, count) {
  return Array.from({ length: count }, (_, index) => {
    const [reader, writer] = w.pipe()
    w.write(writer)
    return w.label(`pipe ${index}`, reader)
  })
}

/** @satisfies {Record<string, import('../world.mjs').Scenario>} */
export const callbacks = {
  'a callback gets null, the descriptor and the events': async (w) => {
    const [fd = -1] = readyPipes(w, 1)
    /** @type {unknown[]} */
    let args = []
    const epoll = new w.Epoll((...given) => {
      args = given
      epoll.close()
    }).add(fd, IN)
    await w.until(() => args.length > 0)
    w.say(args.length, args[0], args[1] === fd, args[2])
  },
  'this is the global object': async (w) => {
    const [fd = -1] = readyPipes(w, 1)
    /** @type {unknown[]} */
    const these = []
    const epoll = new w.Epoll(function callback() {
      // @ts-expect-error it has none of its own
      these.push(/** @type {unknown} */ (this))
      epoll.close()
    }).add(fd, IN)
    await w.until(() => these.length > 0)
    w.say(these[0] === globalThis)
  },
  'the numbers of events are those of the constants': async (w) => {
    const [one, other] = w.pair()
    w.write(other)
    /** @type {number[]} */
    const seen = []
    const epoll = new w.Epoll((_, __, events) => {
      seen.push(events)
      epoll.close()
    }).add(one, IN | OUT)
    await w.until(() => seen.length > 0)
    w.say(seen[0] === (w.Epoll.EPOLLIN | w.Epoll.EPOLLOUT))
  },
  'a callback removes its descriptor': async (w) => {
    const watcher = w.watcher((fd) => watcher.epoll.remove(fd))
    watcher.epoll.add(readyPipes(w, 1)[0] ?? -1, IN)
    await w.until(() => watcher.seen.length > 0)
    await w.tellAll(watcher)
    w.attempt(() => watcher.epoll.close())
  },
  'a callback closes its instance': async (w) => {
    const watcher = w.watcher(() => w.attempt(() => watcher.epoll.close()))
    for (const fd of readyPipes(w, 3)) watcher.epoll.add(fd, IN)
    await w.until(() => watcher.seen.length > 0)
    await w.turns()
    w.say(watcher.seen.length, watcher.epoll.closed)
  },
  'a callback that removes others keeps them from being told': async (w) => {
    const pipes = readyPipes(w, 3)
    const watcher = w.watcher((fd) => {
      for (const other of pipes) if (other !== fd) watcher.epoll.remove(other)
    })
    for (const fd of pipes) watcher.epoll.add(fd, IN | ONESHOT)
    await w.until(() => watcher.seen.length > 0)
    await w.turns()
    w.say(watcher.seen.length)
    watcher.epoll.close()
  },
  'a callback closes another instance, which is not told any more': async (w) => {
    const [first = -1, second = -1] = readyPipes(w, 2)
    /** @param {() => import('../world.mjs').Watcher} which */
    const closer = (which) =>
      w.watcher(() => {
        const { epoll } = which()
        if (!epoll.closed) epoll.close()
      })
    /** @type {import('../world.mjs').Watcher} */
    const one = closer(() => other)
    const other = closer(() => one)
    one.epoll.add(first, IN)
    other.epoll.add(second, IN)
    await w.until(() => one.seen.length + other.seen.length > 3)
    w.say(one.epoll.closed !== other.epoll.closed, one.seen.length === 0 || other.seen.length === 0)
    for (const { epoll } of [one, other]) if (!epoll.closed) epoll.close()
  },
  'a callback modifies its descriptor': async (w) => {
    const [one, other] = w.pair()
    w.write(other)
    const watcher = w.watcher((fd, events) => watcher.epoll.modify(fd, events === IN ? OUT : 0))
    watcher.epoll.add(one, IN)
    await w.until(() => watcher.seen.length > 1)
    await w.tellAll(watcher)
    watcher.epoll.close()
  },
  'a callback arms its oneshot again': async (w) => {
    const watcher = w.watcher((fd) => watcher.epoll.modify(fd, IN | ONESHOT))
    watcher.epoll.add(readyPipes(w, 1)[0] ?? -1, IN | ONESHOT)
    await w.tellRepeated(watcher)
    watcher.epoll.close()
  },
  'a callback adds others': async (w) => {
    const [first = -1, second = -1] = readyPipes(w, 2)
    const watcher = w.watcher((fd) => {
      watcher.epoll.remove(fd)
      if (fd === first) watcher.epoll.add(second, IN)
    })
    watcher.epoll.add(first, IN)
    await w.until(() => watcher.seen.length === 2)
    await w.tellAll(watcher)
    watcher.epoll.close()
  },
  'a callback removes its descriptor and adds it again': async (w) => {
    const watcher = w.watcher((fd) => watcher.epoll.remove(fd).add(fd, IN))
    watcher.epoll.add(readyPipes(w, 1)[0] ?? -1, IN)
    await w.tellRepeated(watcher)
    watcher.epoll.close()
  },
  'a callback hands its descriptor to another instance': async (w) => {
    const other = w.watcher()
    const one = w.watcher((fd) => {
      one.epoll.remove(fd)
      other.epoll.add(fd, IN)
    })
    one.epoll.add(readyPipes(w, 1)[0] ?? -1, IN)
    await w.tellRepeated(other)
    await w.tellAll(one)
    other.epoll.close()
  },
  'a callback removes and closes its descriptor': async (w) => {
    const watcher = w.watcher((fd) => {
      watcher.epoll.remove(fd)
      w.close(fd)
    })
    const pipes = readyPipes(w, 3)
    for (const fd of pipes) watcher.epoll.add(fd, IN)
    await w.until(() => watcher.seen.length === 3)
    w.say(watcher.seen.toSorted())
    w.attempt(() => watcher.epoll.close())
  },
  'a callback that throws is an uncaught exception, and the next events come': async (w) => {
    /** @type {string[]} */
    const caught = []
    process.on('uncaughtException', ({ message }) => caught.push(message))
    const watcher = w.watcher(() => {
      throw new Error(`number ${watcher.seen.length}`)
    })
    for (const fd of readyPipes(w, 2)) watcher.epoll.add(fd, IN | ONESHOT)
    await w.until(() => caught.length === 2)
    w.say(caught, watcher.seen.toSorted())
    watcher.epoll.close()
  },
  'a callback throws what is no error': async (w) => {
    /** @type {unknown[]} */
    const caught = []
    process.on('uncaughtException', (error) => caught.push(error))
    const watcher = w.watcher(() => {
      // oxlint-disable-next-line no-throw-literal, typescript/only-throw-error
      throw 'a word'
    })
    watcher.epoll.add(readyPipes(w, 1)[0] ?? -1, IN | ONESHOT)
    await w.until(() => caught.length === 1)
    w.say(caught)
    watcher.epoll.close()
  },
  'ticks and promises of a callback run before it is called again': async (w) => {
    /** @type {string[]} */
    const order = []
    const epoll = new w.Epoll(() => {
      order.push('called')
      process.nextTick(() => order.push('tick'))
      Promise.resolve()
        .then(() => order.push('promise'))
        .catch(() => {})
      if (order.length > 5) epoll.close()
    }).add(readyPipes(w, 1)[0] ?? -1, IN)
    await w.until(() => epoll.closed && order.length === 9)
    w.say(order)
  },
  'timers and other work go on while something is ready': async (w) => {
    const watcher = w.watcher()
    watcher.epoll.add(readyPipes(w, 1)[0] ?? -1, IN)
    await setTimeout(1)
    await setImmediate()
    await import('node:fs/promises').then(({ stat }) => stat('/'))
    await w.tellRepeated(watcher)
    watcher.epoll.close()
  },
  'a callback has an asynchronous context of its own kind': async (w) => {
    /** @type {Map<number, string>} */
    const types = new Map()
    const hook = createHook({ init: (id, type) => types.set(id, type) }).enable()
    /** @type {number[]} */
    const ids = []
    const epoll = new w.Epoll(() => {
      ids.push(executionAsyncId())
      if (ids.length === 2) epoll.close()
    }).add(readyPipes(w, 1)[0] ?? -1, IN)
    await w.until(() => epoll.closed)
    hook.disable()
    w.say(
      ids.map((id) => types.get(id)),
      ids[0] === ids[1],
    )
  },
  'the store that a callback sees': async (w) => {
    const storage = new AsyncLocalStorage()
    /** @type {unknown[]} */
    const stores = []
    const epoll = storage.run(
      'of the constructor',
      () =>
        new w.Epoll(() => {
          stores.push(storage.getStore())
          epoll.close()
        }),
    )
    storage.run('of add', () => epoll.add(readyPipes(w, 1)[0] ?? -1, IN))
    await w.until(() => epoll.closed)
    w.say(stores)
  },
  'an async callback that fails is an unhandled rejection': async (w) => {
    /** @type {string[]} */
    const caught = []
    process.on('unhandledRejection', (reason) => caught.push(String(reason)))
    const failing = /** @type {() => void} */ (
      async () => {
        epoll.close()
        throw new Error('later')
      }
    )
    const epoll = new w.Epoll(failing).add(readyPipes(w, 1)[0] ?? -1, IN)
    await w.until(() => caught.length > 0)
    w.say(caught)
  },
}
