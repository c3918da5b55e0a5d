// How the class is used, rightly and wrongly.
import { inspect } from 'node:util'

/** What is no int, and not the type that the parameter has. */
const WRONG = /** @type {never[]} */ (
  /** @type {unknown} */ ([
    undefined,
    null,
    '0',
    1.5,
    -0,
    NaN,
    Infinity,
    2 ** 31,
    {},
    [],
    true,
    1n,
    { fd: 0 },
  ])
)
const NO_NUMBERS = WRONG.filter((value) => typeof value !== 'number')

/** @satisfies {Record<string, import('../world.mjs').Scenario>} */
export const use = {
  'the constructor wants a callback': (w) => {
    const make = /** @type {new (...args: unknown[]) => unknown} */ (/** @type {unknown} */ (w.Epoll))
    w.attempt(() => new make())
    for (const value of [...WRONG, 'f']) w.attempt(() => new make(value))
    w.attempt(() => new make(() => {}))
    w.attempt(() => new make(() => {}, 1))
    w.attempt(() => new make(Map))
  },
  'add wants two ints': (w) => {
    const { epoll } = w.watcher()
    const [reader] = w.pipe()
    const add = /** @type {(...args: unknown[]) => unknown} */ (epoll.add.bind(epoll))
    w.attempt(() => add())
    w.attempt(() => add(reader))
    for (const value of WRONG) w.attempt(() => add(value, 1))
    for (const value of NO_NUMBERS) w.attempt(() => add(reader, value))
    w.attempt(() => epoll.remove(reader))
  },
  'modify wants two ints': (w) => {
    const { epoll } = w.watcher()
    const [reader] = w.pipe()
    epoll.add(reader, 1)
    const modify = /** @type {(...args: unknown[]) => unknown} */ (epoll.modify.bind(epoll))
    w.attempt(() => modify())
    w.attempt(() => modify(reader))
    for (const value of WRONG) w.attempt(() => modify(value, 1))
    for (const value of NO_NUMBERS) w.attempt(() => modify(reader, value))
    w.attempt(() => epoll.remove(reader))
  },
  'remove wants an int': (w) => {
    const { epoll } = w.watcher()
    const remove = /** @type {(...args: unknown[]) => unknown} */ (epoll.remove.bind(epoll))
    w.attempt(() => remove())
    for (const value of WRONG) w.attempt(() => remove(value))
  },
  'what is too much is not looked at': (w) => {
    const { epoll } = w.watcher()
    const [reader] = w.pipe()
    const any = /** @type {Record<string, (...args: unknown[]) => unknown>} */ (
      /** @type {unknown} */ (epoll)
    )
    w.attempt(() => any['add']?.(reader, 1, 'more'))
    w.attempt(() => any['modify']?.(reader, 1, 'more'))
    w.attempt(() => any['remove']?.(reader, 'more'))
    w.attempt(() => any['close']?.('more'))
  },
  'calls chain, and close ends the chain': (w) => {
    const { epoll } = w.watcher()
    const [reader, writer] = w.pipe()
    w.say(epoll.add(reader, 1) === epoll, epoll.modify(reader, 4) === epoll, epoll.remove(reader) === epoll)
    w.attempt(() => epoll.add(reader, 1).add(writer, 4).modify(reader, 2).remove(writer).close())
  },
  'nothing is right after close': (w) => {
    const { epoll } = w.watcher()
    const [reader] = w.pipe()
    epoll.close()
    w.attempt(() => epoll.add(reader, 1))
    w.attempt(() => epoll.modify(reader, 1))
    w.attempt(() => epoll.remove(reader))
    w.attempt(() => epoll.close())
  },
  'that it is closed is said before that the arguments are wrong': (w) => {
    const { epoll } = w.watcher()
    epoll.close()
    const any = /** @type {Record<string, () => unknown>} */ (/** @type {unknown} */ (epoll))
    w.attempt(() => any['add']?.())
    w.attempt(() => any['modify']?.())
    w.attempt(() => any['remove']?.())
  },
  'closed is false, and true from close on': (w) => {
    const { epoll } = w.watcher()
    w.say(epoll.closed)
    epoll.add(w.pipe()[0], 1)
    w.say(epoll.closed)
    epoll.close()
    w.say(epoll.closed)
  },
  'closed is seen when an instance is printed': (w) => {
    const { epoll } = w.watcher()
    w.say(inspect(epoll), JSON.stringify(epoll), Object.keys(epoll), Object.hasOwn(epoll, 'closed'))
    epoll.close()
    w.say(inspect(epoll), JSON.stringify(epoll))
  },
  'closed cannot be set': (w) => {
    const { epoll } = w.watcher()
    Reflect.set(epoll, 'closed', true)
    w.say(epoll.closed)
    w.attempt(() => epoll.close())
    Reflect.set(epoll, 'closed', false)
    w.say(epoll.closed)
    w.attempt(() => epoll.add(0, 1))
  },
  'the constants are those of epoll_ctl(2)': (w) => {
    for (const [name, value] of Object.entries(w.Epoll)) w.say(name, value)
  },
  'the constants cannot be set': (w) => {
    for (const name of Object.keys(w.Epoll)) w.say(name, Reflect.set(w.Epoll, name, 0))
    for (const [name, value] of Object.entries(w.Epoll)) w.say(name, value)
  },
  'a class can extend it': async (w) => {
    const { Epoll } = w
    /** @type {string[]} */
    const seen = []
    class Derived extends Epoll {
      constructor() {
        super((_, fd, events) => seen.push(`${w.labels.get(fd)} ${w.names(events)}`))
      }

      /** @param {number} fd */
      watch(fd) {
        return this.add(fd, Epoll.EPOLLIN)
      }
    }
    const derived = new Derived()
    const [reader, writer] = w.pipe()
    w.write(writer)
    w.say(derived.watch(reader) === derived, derived instanceof Epoll, derived.closed)
    await w.until(() => seen.length > 0)
    w.say(seen[0])
    w.attempt(() => derived.close())
  },
  'its methods are for its instances': (w) => {
    // oxlint-disable-next-line typescript/unbound-method
    const { add, modify, remove } = w.Epoll.prototype
    for (const receiver of [{}, undefined, Object.create(w.watcher().epoll)]) {
      w.attempt(() => add.call(receiver, 0, 1))
      w.attempt(() => modify.call(receiver, 0, 1))
      w.attempt(() => remove.call(receiver, 0))
    }
  },
  'it has its name': (w) => {
    w.say(
      w.Epoll.name,
      w.watcher().epoll.constructor === w.Epoll,
      Object.prototype.toString.call(w.watcher().epoll),
    )
  },
}
