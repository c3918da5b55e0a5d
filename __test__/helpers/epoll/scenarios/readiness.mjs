// What is told of which kind of descriptor, for which mask.
import { connect, createServer } from 'node:net'

const [IN, PRI, OUT, ERR, HUP, RDHUP] = /** @type {const} */ ([1, 2, 4, 8, 16, 0x2000])
const MASKS = { IN, PRI, OUT, ERR, HUP, RDHUP, none: 0, all: IN | PRI | OUT | ERR | HUP | RDHUP }

/**
 * Says what each mask is told of a descriptor. Each time under another number: the package tells of an event that it has fetched even
 * if the descriptor was removed and added again since.
 *
 * @param {import('../world.mjs').World} w
 * @param {number} fd
 */
async function tellMasks(w, fd) {
  const watcher = w.watcher()
  for (const [name, mask] of Object.entries(MASKS)) {
    w.say('asked for', name)
    const duplicate = w.duplicate(fd)
    watcher.epoll.add(duplicate, mask)
    await w.turns()
    w.tell(watcher)
    watcher.epoll.remove(duplicate)
  }
  watcher.epoll.close()
}

/** @satisfies {Record<string, import('../world.mjs').Scenario>} */
export const readiness = {
  'an empty pipe, to be read': (w) => tellMasks(w, w.pipe()[0]),
  'a pipe with data, to be read': (w) => {
    const [reader, writer] = w.pipe()
    w.write(writer)
    return tellMasks(w, reader)
  },
  'a pipe whose writer is gone': (w) => {
    const [reader, writer] = w.pipe()
    w.close(writer)
    return tellMasks(w, reader)
  },
  'a pipe with data, whose writer is gone': (w) => {
    const [reader, writer] = w.pipe()
    w.write(writer)
    w.close(writer)
    return tellMasks(w, reader)
  },
  'a pipe with room, to be written': (w) => tellMasks(w, w.pipe()[1]),
  'a full pipe, to be written': (w) => {
    const [, writer] = w.smallPipe()
    w.fill(writer)
    return tellMasks(w, writer)
  },
  'a pipe whose reader is gone': (w) => {
    const [reader, writer] = w.pipe()
    w.close(reader)
    return tellMasks(w, writer)
  },
  'both ends of a pipe in one descriptor': async (w) => {
    const fd = w.label('both', w.call('fifo'))
    await tellMasks(w, fd)
    w.write(fd)
    await tellMasks(w, fd)
  },
  'a UNIX socket': (w) => tellMasks(w, w.pair()[0]),
  'a UNIX socket with data': (w) => {
    const [one, other] = w.pair()
    w.write(other)
    return tellMasks(w, one)
  },
  'a UNIX socket whose peer has shut down writing': (w) => {
    const [one, other] = w.pair()
    w.call('shut', other, 1)
    return tellMasks(w, one)
  },
  'a UNIX socket whose peer is gone': (w) => {
    const [one, other] = w.pair()
    w.close(other)
    return tellMasks(w, one)
  },
  'a UNIX socket whose peer is gone with data unread': (w) => {
    const [one, other] = w.pair()
    w.write(one)
    w.close(other)
    return tellMasks(w, one)
  },
  'a TCP connection': (w) => tellMasks(w, w.tcp()[0]),
  'a TCP connection with urgent data': (w) => {
    const [one, other] = w.tcp()
    w.call('sendUrgent', other, 33)
    w.arrive(one, PRI)
    return tellMasks(w, one)
  },
  'a TCP connection with data and urgent data': (w) => {
    const [one, other] = w.tcp()
    w.write(other, 'abc')
    w.call('sendUrgent', other, 33)
    w.arrive(one, PRI)
    return tellMasks(w, one)
  },
  'a TCP connection whose peer has shut down writing': (w) => {
    const [one, other] = w.tcp()
    w.call('shut', other, 1)
    w.arrive(one, RDHUP)
    return tellMasks(w, one)
  },
  'a TCP connection that was reset': (w) => {
    const [one, other] = w.tcp()
    w.call('lingerZero', other)
    w.close(other)
    w.arrive(one, 0)
    return tellMasks(w, one)
  },
  'a TCP connection that is over in both directions': (w) => {
    const [one, other] = w.tcp()
    w.call('shut', other, 1)
    w.call('shut', one, 1)
    w.arrive(one, 0)
    return tellMasks(w, one)
  },
  'a TCP socket that was refused': (w) => {
    const target = w.call('tcpBound')
    const socket = w.label('refused', w.call('tcpSocket'))
    w.call('connectTo', socket, target)
    w.arrive(socket)
    return tellMasks(w, socket)
  },
  'a TCP socket that is not connected': (w) => tellMasks(w, w.label('socket', w.call('tcpSocket'))),
  'a listener, and one with a connection': async (w) => {
    const fd = w.label('listener', w.call('tcpListener'))
    await tellMasks(w, fd)
    w.call('connectTo', w.call('tcpSocket'), fd)
    w.arrive(fd, IN)
    await tellMasks(w, fd)
  },
  'a UDP socket': (w) => tellMasks(w, w.label('udp', w.call('udp'))),
  'a UDP socket with a datagram': (w) => {
    const [one, other] = w.two('udp', 'sender', 'udpPair')
    w.write(other)
    w.arrive(one, IN)
    return tellMasks(w, one)
  },
  'a socket of Node.js': async (w) => {
    const server = createServer((socket) => socket.end('bye')).listen(0, '127.0.0.1')
    await w.until(() => server.listening)
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
    const socket = connect(port, '127.0.0.1')
    await w.until(() => !socket.connecting)
    const { fd } = /** @type {{ fd: number }} */ (Reflect.get(socket, '_handle'))
    const watcher = w.watcher()
    w.label('socket', fd)
    watcher.epoll.add(fd, OUT)
    await w.tellRepeated(watcher)
    watcher.epoll.close()
    socket.destroy()
    server.close()
  },
  'an eventfd': async (w) => {
    await tellMasks(w, w.label('eventfd', w.call('eventfd', 0)))
    await tellMasks(w, w.label('eventfd', w.call('eventfd', 3)))
  },
  'a timerfd': async (w) => {
    const fd = w.label('timerfd', w.call('timerfd', 1, 0))
    const watcher = w.watcher()
    watcher.epoll.add(fd, IN)
    await w.tellRepeated(watcher)
    watcher.epoll.close()
    await tellMasks(w, fd)
  },
  'a terminal, and one that hung up': async (w) => {
    const [master, terminal] = w.pty()
    await tellMasks(w, master)
    w.close(terminal)
    await tellMasks(w, master)
  },
  'the other names of in and out': async (w) => {
    const watcher = w.watcher()
    const [one, other] = w.pair()
    w.write(other)
    for (const mask of [0x40, 0x100, 0x41, 0x140, 0x105]) {
      const duplicate = w.duplicate(one)
      watcher.epoll.add(duplicate, mask)
      await w.turns()
      w.tell(watcher)
      watcher.epoll.remove(duplicate)
    }
  },
  'standard input that is a pipe': async (w) => {
    w.label('stdin', 0)
    const watcher = w.watcher()
    watcher.epoll.add(0, IN)
    await w.tellRepeated(watcher)
    watcher.epoll.close()
  },
}
