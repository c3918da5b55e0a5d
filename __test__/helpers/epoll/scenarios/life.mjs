// What keeps a process alive, how it ends, and what is collected.
import { setTimeout as sleep } from 'node:timers/promises'

const IN = 1
const ONESHOT = 0x4000_0000

/** Says whether something keeps the process alive: a timer that does not is still heard then. @param {() => void} [then] */
function lives(/** @type {import('../world.mjs').World} */ w, then = () => process.exit()) {
  process.once('exit', (code) => w.say('exit', code))
  setTimeout(() => {
    w.say('alive')
    then()
  }, 100).unref()
}

/** @satisfies {Record<string, import('../world.mjs').Scenario>} */
export const life = {
  'an instance without descriptors keeps nothing alive': (w) => {
    void w.watcher().epoll
    lives(w)
  },
  'a descriptor keeps the process alive until it is removed': (w) => {
    const { epoll } = w.watcher()
    const [reader] = w.pipe()
    epoll.add(reader, IN)
    lives(w, () => epoll.remove(reader))
  },
  'a descriptor keeps the process alive until its instance is closed': (w) => {
    const { epoll } = w.watcher()
    epoll.add(w.pipe()[0], IN)
    lives(w, () => epoll.close())
  },
  'a descriptor that was removed at once keeps nothing alive': (w) => {
    const [reader] = w.pipe()
    w.watcher().epoll.add(reader, IN).remove(reader)
    lives(w)
  },
  'an add that failed keeps nothing alive': (w) => {
    w.attempt(() => w.watcher().epoll.add(9999, IN))
    lives(w)
  },
  'the last descriptor counts, of whichever instance': (w) => {
    const one = w.watcher().epoll.add(w.pipe()[0], IN)
    const other = w.watcher().epoll.add(w.pipe()[0], IN)
    one.close()
    lives(w, () => other.close())
  },
  'a oneshot that has fired keeps the process alive': (w) => {
    const [reader, writer] = w.pipe()
    const watcher = w.watcher(() => lives(w, () => watcher.epoll.close()))
    watcher.epoll.add(reader, IN | ONESHOT)
    w.write(writer)
  },
  'a descriptor that asks for nothing keeps the process alive': (w) => {
    const { epoll } = w.watcher()
    epoll.add(w.pipe()[0], 0)
    lives(w, () => epoll.close())
  },
  'a descriptor that was closed and not removed keeps the process alive': (w) => {
    const { epoll } = w.watcher()
    const [reader] = w.pipe()
    epoll.add(reader, IN)
    w.close(reader)
    lives(w)
  },
  'added, removed and added again': (w) => {
    const { epoll } = w.watcher()
    const [reader] = w.pipe()
    epoll.add(reader, IN).remove(reader).add(reader, IN)
    lives(w, () => epoll.remove(reader))
  },
  'process.exit in a callback': (w) => {
    const [reader, writer] = w.pipe()
    w.watcher(() => process.exit(3)).epoll.add(reader, IN)
    w.write(writer)
  },
  'process.exit with descriptors watched': (w) => {
    w.watcher().epoll.add(w.pipe()[0], IN)
    process.exit(4)
  },
  'an exception of a callback that nobody handles': (w) => {
    const [reader, writer] = w.pipe()
    w.watcher(() => {
      throw new Error('out of a callback')
    }).epoll.add(reader, IN)
    w.write(writer)
  },
  'an exception of add that nobody handles': (w) => {
    w.watcher().epoll.add(9999, IN)
  },
  'an exception of the constructor that nobody handles': (w) => {
    void new w.Epoll(/** @type {never} */ (/** @type {unknown} */ (undefined)))
  },
  'nobody holds an instance, and it goes on': async (w) => {
    const [reader, writer] = w.pipe()
    let told = 0
    ;(() => {
      const epoll = new w.Epoll((_, fd) => {
        told += 1
        if (told === 1000) {
          w.say('told')
          epoll.remove(fd)
        }
        if (told % 100 === 0) globalThis.gc?.()
      })
      epoll.add(reader, IN)
    })()
    globalThis.gc?.()
    await sleep(1)
    globalThis.gc?.()
    w.write(writer)
  },
  'an instance without descriptors is collected': async (w) => {
    const [reader] = w.pipe()
    let collected = 0
    const registry = new FinalizationRegistry(() => {
      collected += 1
    })
    for (let count = 0; count < 10; count += 1) {
      registry.register(w.watcher().epoll, count)
      registry.register(w.watcher().epoll.add(reader, IN).remove(reader), count)
    }
    await w.until(() => {
      globalThis.gc?.()
      return collected >= 18
    })
    w.say('collected')
  },
  'a thousand instances, each for one event': async (w) => {
    const [reader, writer] = w.pipe()
    w.write(writer)
    let told = 0
    const once = () => {
      const epoll = new w.Epoll((_, fd) => {
        epoll.remove(fd).close()
        told += 1
        if (told < 1000) once()
      })
      epoll.add(reader, IN)
    }
    once()
    await w.until(() => told === 1000)
    w.say(told)
  },
}
