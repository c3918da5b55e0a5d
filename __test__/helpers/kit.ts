/**
 * System calls that Node has no name for, from the crate fdreactor-kit: descriptors of every kind, and what is done to
 * them. All descriptors made here are non-blocking and close-on-exec. A failed call throws like one of Node's.
 */
import { constants } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { getSystemErrorName } from 'node:util'
import type { Source } from '../../dist/index.js'

interface Native {
  dup(fd: number): number
  dupFrom(fd: number, from: number): number
  dupOnto(fd: number, onto: number): number
  close(fd: number): number
  pipe(): number[]
  fifo(): number
  open(path: string, flags: number): number
  pair(isDatagram: boolean): number[]
  pty(): number[]
  flags(fd: number): number
  descriptorFlags(fd: number): number
  setBlocking(fd: number, isBlocking: boolean): number
  shut(fd: number, how: number): number
  lingerZero(fd: number): number
  sendUrgent(fd: number, byte: number): number
  receive(fd: number, length: number, isUrgent: boolean, isPeek: boolean): number
  urgentInline(fd: number): number
  socketError(fd: number): number
  readableBytes(fd: number): number
  pollOne(fd: number, events: number, timeoutMs: number): number
  limitFiles(limit: number): number
  udp(): number
  mostFiles(): number
  setInherited(fd: number, isInherited: boolean): number
  tcpSocket(): number
  tcpBound(): number
  tcpListener(): number
  tcpPair(): number[]
  udpPair(): number[]
  connectTo(fd: number, target: number): number
  sendUrgentText(fd: number, text: string): number
  writeLater(fd: number, delayMs: number, count: number): number
  spawnShell(script: string): number[]
  awaitExit(pid: number): number
  reap(pid: number): number
  // Linux only:
  eventfd(count: number): number
  pagePipe(): number[]
  timerfd(firstMs: number, everyMs: number): number
  inotifyDirectory(path: string): number
  pidfd(pid: number): number
  pathOnly(path: string): number
  pipeSize(fd: number, bytes: number): number
  unixDatagrams(name: string): number[]
  unixListener(name: string): number[]
  allowTracing(): number
}

const native = createRequire(import.meta.url)('../../build/kit.node') as Native

function checked(syscall: string, result: number): number {
  if (result >= 0) return result
  const code = getSystemErrorName(result)
  throw Object.assign(new Error(`${syscall}: ${code}`), { code, syscall, errno: result })
}

/** A descriptor that is closed once: by then its number may be somebody else's. */
export class Descriptor implements Source {
  readonly fd: number
  #open = true

  constructor(fd: number) {
    this.fd = fd
  }

  // Not by Node's fs: other runtimes keep a table of what that opened, and refuse the rest.
  close(): void {
    if (!this.#open) return
    this.#open = false
    checked('close', native.close(this.fd))
  }
}

function checkedPair(syscall: string, [one = -1, other]: readonly number[]): [Descriptor, Descriptor] {
  if (other === undefined) checked(syscall, one)
  return [new Descriptor(one), new Descriptor(other ?? -1)]
}

/** Numbers go in, numbers come out: for what is to be closed, put on another's number, or kept open beyond its owner. */
export const kit = {
  /** A duplicate: another number for the same open file. `from` is the lowest number it may get. */
  dup: (fd: number, from = 0): number => checked('fcntl', native.dupFrom(fd, from)),
  /** Puts `fd` on the number `onto`, whatever that was: dup2(2). */
  dupOnto: (fd: number, onto: number): number => checked('dup2', native.dupOnto(fd, onto)),
  close: (fd: number): void => void checked('close', native.close(fd)),
  /** The file status flags, `O_NONBLOCK` and the like. */
  flags: (fd: number): number => checked('fcntl', native.flags(fd)),
  /** The descriptor flags: 1 for `FD_CLOEXEC`. */
  descriptorFlags: (fd: number): number => checked('fcntl', native.descriptorFlags(fd)),
  setBlocking: (fd: number, isBlocking: boolean): void =>
    void checked('fcntl', native.setBlocking(fd, isBlocking)),
  shut: (fd: number, how: 'read' | 'write' | 'both'): void =>
    void checked('shutdown', native.shut(fd, { read: 0, write: 1, both: 2 }[how])),
  /** The next close resets the connection. */
  lingerZero: (fd: number): void => void checked('setsockopt', native.lingerZero(fd)),
  /** Sends one byte as urgent data. */
  sendUrgent: (fd: number, byte = 33): number => checked('send', native.sendUrgent(fd, byte)),
  /** Receives and throws away. */
  receive: (fd: number, length: number, how: { urgent?: boolean; peek?: boolean } = {}): number =>
    checked('recv', native.receive(fd, length, how.urgent ?? false, how.peek ?? false)),
  urgentInline: (fd: number): void => void checked('setsockopt', native.urgentInline(fd)),
  /** Fetches SO_ERROR: the error's name, or undefined. */
  socketError: (fd: number): string | undefined => {
    const errno = checked('getsockopt', native.socketError(fd))
    return errno === 0 ? undefined : getSystemErrorName(-errno)
  },
  /** How many bytes can be read. */
  readableBytes: (fd: number): number => checked('ioctl', native.readableBytes(fd)),
  /** poll(2) on one descriptor, with its own masks. */
  pollOne: (fd: number, events: number, timeoutMs = 0): number =>
    checked('poll', native.pollOne(fd, events, timeoutMs)),
  /** Sets the soft limit of open files, and answers with what it was. */
  limitFiles: (limit: number): number => checked('setrlimit', native.limitFiles(limit)),
  /** The hard limit of open files. */
  mostFiles: (): number => native.mostFiles(),
  /** Lets programs that are started later have a descriptor, or not. */
  setInherited: (fd: number, isInherited: boolean): void =>
    void checked('fcntl', native.setInherited(fd, isInherited)),
  /** Begins to connect one socket to where another is bound. */
  connectTo: (fd: number, target: number): void => void checked('connect', native.connectTo(fd, target)),
  /** Sends a text whose last byte is urgent. */
  sendUrgentText: (fd: number, text: string): number => checked('send', native.sendUrgentText(fd, text)),
  /** Writes so many bytes after a while, from another thread: also while this one blocks. */
  writeLater: (fd: number, delayMs: number, count: number): void =>
    void checked('fcntl', native.writeLater(fd, delayMs, count)),
  /** Waits until a child of `spawnShell` is over, and leaves it to be reaped. */
  awaitExit: (pid: number): void => void checked('waitid', native.awaitExit(pid)),
  reap: (pid: number): void => void checked('waitpid', native.reap(pid)),
  /** Gives a pipe's buffer another size. Linux. */
  pipeSize: (fd: number, bytes: number): number => checked('fcntl', native.pipeSize(fd, bytes)),
  /** Lets strace attach itself to this process. Linux. */
  allowTracing: (): void => void checked('prctl', native.allowTracing()),
}

/** A pipe: reader, writer. */
export const makePipe = (): [Descriptor, Descriptor] => checkedPair('pipe', native.pipe())
/** One descriptor that is both ends of a pipe: writable, and readable once something was written. */
export const makeLoop = (): Descriptor => new Descriptor(checked('open', native.fifo()))
/** Opens what exists; the flags are those of open(2), `constants` of node:fs. */
export const openFile = (path: string | URL, flags: number = constants.O_RDONLY): Descriptor =>
  new Descriptor(checked('open', native.open(path instanceof URL ? fileURLToPath(path) : path, flags)))
/** A pipe of one page. Linux. */
export const makePagePipe = (): [Descriptor, Descriptor] => checkedPair('pipe2', native.pagePipe())
/** A connected pair of UNIX sockets. */
export const makePair = (kind: 'stream' | 'datagram' = 'stream'): [Descriptor, Descriptor] =>
  checkedPair('socketpair', native.pair(kind === 'datagram'))
/** A UDP socket on a free port of 127.0.0.1. */
export const makeUdp = (): Descriptor => new Descriptor(checked('socket', native.udp()))
/** A pseudo terminal: master, other side. */
export const makePty = (): [Descriptor, Descriptor] => checkedPair('openpt', native.pty())
/** Linux. */
export const makeEventfd = (count = 0): Descriptor =>
  new Descriptor(checked('eventfd', native.eventfd(count)))
/** Milliseconds until it expires first, and between expirations after that (0 for none). Linux. */
export const makeTimerfd = (firstMs: number, everyMs = 0): Descriptor =>
  new Descriptor(checked('timerfd_settime', native.timerfd(firstMs, everyMs)))
/** Watches a directory for new entries. Linux. */
export const makeInotify = (path: string): Descriptor =>
  new Descriptor(checked('inotify_add_watch', native.inotifyDirectory(path)))
/** Linux. */
export const makePidfd = (pid: number): Descriptor => new Descriptor(checked('pidfd_open', native.pidfd(pid)))
/** Linux. */
export const makePathOnly = (path: string): Descriptor =>
  new Descriptor(checked('open', native.pathOnly(path)))
/** A TCP socket that is neither bound nor connected. */
export const makeTcpSocket = (): Descriptor => new Descriptor(checked('socket', native.tcpSocket()))
/** A TCP socket with a port of its own, which does not listen: who connects to it is refused. */
export const makeTcpBound = (): Descriptor => new Descriptor(checked('bind', native.tcpBound()))
export const makeTcpListener = (): Descriptor => new Descriptor(checked('listen', native.tcpListener()))
/** A TCP connection, both ends of it bare descriptors. */
export const makeTcpPair = (): [Descriptor, Descriptor] => checkedPair('connect', native.tcpPair())
/** Two UDP sockets, the second connected to the first. */
export const makeUdpPair = (): [Descriptor, Descriptor] => checkedPair('connect', native.udpPair())
/** Two UNIX datagram sockets, the second connected to the first, by an address outside the file system. Linux. */
export const makeUnixDatagrams = (name: string): [Descriptor, Descriptor] =>
  checkedPair('bind', native.unixDatagrams(name))
/** A UNIX listener, and a client that waits to be accepted. Linux. */
export const makeUnixListener = (name: string): [Descriptor, Descriptor] =>
  checkedPair('bind', native.unixListener(name))

/** A shell, and the ends of the pipes that are its input and output. Nobody reaps it but `kit.reap`: Node does not know it. */
export interface Shell {
  readonly pid: number
  readonly input: Descriptor
  readonly output: Descriptor
}

export function spawnShell(script: string): Shell {
  const [pid = -1, input = -1, output = -1] = native.spawnShell(script)
  checked('spawn', pid)
  return { pid, input: new Descriptor(input), output: new Descriptor(output) }
}
