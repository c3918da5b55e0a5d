/** What a case works on: descriptors of every kind, all of them non-blocking and close-on-exec. */
import { constants } from 'node:fs'
import { tmpdir } from 'node:os'
import type { Descriptor } from '../descriptors.js'
import { PATIENCE_MS } from '../descriptors.js'
import {
  kit,
  makeEventfd,
  makeInotify,
  makePagePipe,
  makePair,
  makePathOnly,
  makePidfd,
  makePipe,
  makePty,
  makeTcpListener,
  makeTcpPair,
  makeTcpSocket,
  makeTimerfd,
  makeUdpPair,
  makeUnixDatagrams,
  makeUnixListener,
  openFile,
} from '../kit.js'
import type { World } from './world.js'

/** A number that is not open, below select's limit and above what a case opens. */
const CLOSED = 1000
const POLLIN = 1

type Pair = readonly [Descriptor, Descriptor]

function holdPair(world: World, names: readonly [string, string], [one, other]: Pair): void {
  world.hold(names[0], one)
  world.hold(names[1], other)
}

/** Makes what a verb names, under the names that it gives; nothing if the verb is another's. */
export const fixtures: Readonly<Record<string, (world: World, ...args: readonly string[]) => void>> = {
  up: (world, one = 'a', other = 'b') => holdPair(world, [one, other], makePair()),
  tp: (world, one = 'a', other = 'b') => holdPair(world, [one, other], makeTcpPair()),
  pipe: (world) => holdPair(world, ['r', 'w'], makePipe()),
  page_pipe: (world) => holdPair(world, ['r', 'w'], makePagePipe()),
  ef: (world, name = 'e', count = '0') => void world.hold(name, makeEventfd(Number(count))),
  tf: (world, first, every) => {
    world.hold('t', makeTimerfd(Number(first), Number(every)))
    world.expiresAt = performance.now() + Number(first)
  },
  ls: (world) => void world.hold('l', makeTcpListener()),
  s: (world, name = 's') => void world.hold(name, makeTcpSocket()),
  us: (world) => holdPair(world, ['u', 'v'], makeUdpPair()),
  udg: (world) => holdPair(world, ['a', 'b'], makeUnixDatagrams(world.address())),
  uls: (world) => holdPair(world, ['l', 'c'], makeUnixListener(world.address())),
  file: (world, name = '') => void world.hold(name, openFile(process.execPath)),
  dir: (world, name = '') =>
    void world.hold(name, openFile(tmpdir(), constants.O_RDONLY | constants.O_DIRECTORY)),
  dev: (world, device, name = '') =>
    void world.hold(name, openFile(`/dev/${device}`, constants.O_RDWR | constants.O_NONBLOCK)),
  opath: (world, name = '') => void world.hold(name, makePathOnly(tmpdir())),
  closed: (world, name = '') => world.note(name, CLOSED),
  inotify: (world, name = '') => void world.hold(name, makeInotify(world.directory())),
  pty: (world) => holdPair(world, ['m', 'y'], makePty()),
  child: (world, name = '') => {
    world.spawn('printf hello; read end', name)
    // However slowly a process starts here, the case begins when it has printed.
    kit.pollOne(world.number(name), POLLIN, PATIENCE_MS)
  },
  pidfd: (world, name = '') => {
    world.hold(name, makePidfd(world.spawn('read end', 'output')))
  },
}

/** Fixtures to which things happen that take effect a moment later, on another stack or in another process. */
const SLOW = new Set(['tp', 'ls', 's', 'us', 'uls', 'child', 'pidfd', 'inotify', 'pty'])

export const needsSettling = (verb: string): boolean => SLOW.has(verb)
