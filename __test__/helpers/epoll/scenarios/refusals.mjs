// What epoll_ctl(2) refuses.
import { closeSync, openSync } from 'node:fs'

const IN = 1

/** @param {import('../world.mjs').World} w @param {number} fd */
function tryAll(w, fd) {
  const { epoll } = w.watcher()
  w.attempt(() => epoll.add(fd, IN))
  w.attempt(() => epoll.modify(fd, IN))
  w.attempt(() => epoll.remove(fd))
  w.attempt(() => epoll.close())
}

/** @satisfies {Record<string, import('../world.mjs').Scenario>} */
export const refusals = {
  'a negative number': (w) => {
    tryAll(w, -1)
    tryAll(w, -(2 ** 31))
  },
  'a number that is not open': (w) => tryAll(w, 9999),
  'the highest number': (w) => tryAll(w, 2 ** 31 - 1),
  'a number that was closed': (w) => {
    const [reader] = w.pipe()
    // The first instance may open descriptors of its own, and get that number.
    void w.watcher()
    w.close(reader)
    tryAll(w, reader)
  },
  'a regular file': (w) => tryAll(w, openSync('/etc/passwd', 'r')),
  'a directory': (w) => tryAll(w, openSync('/', 'r')),
  '/dev/null': (w) => tryAll(w, openSync('/dev/null', 'r+')),
  'a descriptor that was opened as a path alone': (w) => tryAll(w, w.call('pathOnly', '/')),
  'modify and remove of what was not added': (w) => {
    const { epoll } = w.watcher()
    const [reader] = w.pipe()
    w.attempt(() => epoll.modify(reader, IN))
    w.attempt(() => epoll.remove(reader))
  },
  'a second add, by the same instance or another': (w) => {
    const one = w.watcher().epoll
    const other = w.watcher().epoll
    const [reader] = w.pipe()
    one.add(reader, IN)
    w.attempt(() => one.add(reader, IN))
    w.attempt(() => other.add(reader, IN))
    w.attempt(() => one.remove(reader))
    w.attempt(() => other.add(reader, IN))
    w.attempt(() => one.add(reader, IN))
    w.attempt(() => other.close())
    w.attempt(() => one.add(reader, IN))
    w.attempt(() => one.close())
  },
  'a second add does not change the first': async (w) => {
    const watcher = w.watcher()
    const [reader, writer] = w.pipe()
    watcher.epoll.add(reader, IN)
    w.attempt(() => watcher.epoll.add(reader, 0))
    w.write(writer)
    await w.tellRepeated(watcher)
    watcher.epoll.close()
  },
  'a duplicate is another descriptor': (w) => {
    const { epoll } = w.watcher()
    const [reader] = w.pipe()
    const duplicate = w.call('dupFrom', reader, 0)
    w.attempt(() => epoll.add(reader, IN).add(duplicate, IN).remove(reader).remove(duplicate))
  },
  'a second remove': (w) => {
    const { epoll } = w.watcher()
    const [reader] = w.pipe()
    w.attempt(() => epoll.add(reader, IN).remove(reader))
    w.attempt(() => epoll.remove(reader))
    w.attempt(() => epoll.modify(reader, IN))
    w.attempt(() => epoll.close())
  },
  'modify of a descriptor that was closed meanwhile': (w) => {
    const { epoll } = w.watcher()
    const [reader] = w.pipe()
    epoll.add(reader, IN)
    w.close(reader)
    w.attempt(() => epoll.modify(reader, IN))
    process.exit()
  },
  'remove of a descriptor that was closed meanwhile': (w) => {
    const { epoll } = w.watcher()
    const [reader] = w.pipe()
    epoll.add(reader, IN)
    w.close(reader)
    w.attempt(() => epoll.remove(reader))
    process.exit()
  },
  'modify and remove of a number that was closed and has another file': (w) => {
    const { epoll } = w.watcher()
    const [reader] = w.pipe()
    const [spare] = w.pipe()
    epoll.add(reader, IN)
    w.call('dupOnto', spare, reader)
    w.attempt(() => epoll.modify(reader, IN))
    w.attempt(() => epoll.remove(reader))
    process.exit()
  },
  'add of a number that was closed and has a regular file': (w) => {
    const { epoll } = w.watcher()
    const [reader] = w.pipe()
    const file = openSync('/etc/passwd', 'r')
    epoll.add(reader, IN)
    w.call('dupOnto', file, reader)
    closeSync(file)
    w.attempt(() => epoll.add(reader, IN))
    process.exit()
  },
  'a callback of another instance stays with it when that modifies': async (w) => {
    const one = w.watcher()
    const other = w.watcher()
    const [reader, writer] = w.pipe()
    one.epoll.add(reader, 0)
    w.write(writer)
    w.attempt(() => other.epoll.modify(reader, IN))
    await w.tellRepeated(one)
    w.tell(other)
    one.epoll.close()
  },
}
