// Which binary suits the process: its C library, and systems that have none. They are played: what a process can tell about
// itself says that it is another one.
import { join } from 'node:path'
import { run } from '../helpers/child.js'
import type { Outcome } from '../helpers/child.js'
import { here, install } from '../helpers/installed.js'
import type { Installed } from '../helpers/installed.js'
import { runtime } from '../helpers/runtime.js'
import test from '../helpers/test.js'

interface System {
  readonly platform?: string
  readonly arch?: string
  /** What stands in the program's file, or `'unreadable'`. */
  readonly program?: string
  /** What the report says, or `'no report'`. */
  readonly glibcVersionRuntime?: string
}

/** Runs a script, with everything of the library in `library`, where the process takes itself for another one. */
function on(system: System, copy: Installed, script: string): Promise<Outcome> {
  const play = `
  import fs from 'node:fs'
  import { syncBuiltinESMExports } from 'node:module'
  const { platform, arch, program, glibcVersionRuntime } = ${JSON.stringify(system)}
  const set = (name, value) => Object.defineProperty(process, name, { value, configurable: true })
  if (platform) set('platform', platform)
  if (arch) set('arch', arch)
  if (program) {
    const { openSync, readSync, closeSync } = fs
    const self = 1e6
    fs.openSync = (file, ...rest) => {
      if (file !== '/proc/self/exe') return openSync(file, ...rest)
      if (program === 'unreadable') throw new Error('played')
      return self
    }
    fs.readSync = (fd, bytes, ...rest) =>
      fd === self ? Buffer.from(program, 'latin1').copy(bytes) : readSync(fd, bytes, ...rest)
    fs.closeSync = (fd) => fd === self || closeSync(fd)
    syncBuiltinESMExports()
  }
  if (glibcVersionRuntime === 'no report') set('report', undefined)
  else if (glibcVersionRuntime !== undefined)
    set('report', { getReport: () => ({ header: glibcVersionRuntime ? { glibcVersionRuntime } : {} }) })
  const library = await import('${copy.library}')
  const { loaded } = await import('${join(copy.place, 'dist/internal.js')}')
  `
  const env = { NAPI_RS_NATIVE_LIBRARY_PATH: '', npm_config_user_agent: '' }
  return run(play + script, { isBare: true, env })
}

const place = `console.log(loaded.place ?? loaded.attempts.map(({ place }) => place).slice(loaded.attempts.length / 2).join())`

const elf = (interpreter: string): string =>
  `\u007FELF\u0002\u0001\u0001${'\0'.repeat(700)}${interpreter}\0\u0004`

/** Other runtimes read files by other ways than the one that is played here. */
if (runtime === 'node' && process.platform === 'linux') {
  const [gnu, musl] = ['gnu', 'musl'].map((abi) => `@fdreactor/linux-${process.arch}-${abi}`)
  for (const [what, system, expected] of [
    ["glibc's linker", { program: elf('/lib64/ld-linux-x86-64.so.2') }, gnu],
    ["glibc's linker on ARM", { program: elf('/lib/ld-linux-aarch64.so.1') }, gnu],
    ["glibc's linker, elsewhere", { program: elf('/nix/store/0c-glibc-2.40/lib/ld-linux-x86-64.so.2') }, gnu],
    ["musl's linker", { program: elf('/lib/ld-musl-x86_64.so.1') }, musl],
    [
      "musl's linker, and a report that knows glibc",
      { program: elf('/lib/ld-musl-aarch64.so.1'), glibcVersionRuntime: '2.36' },
      musl,
    ],
    ['no linker, and a report of glibc', { program: elf(''), glibcVersionRuntime: '2.36' }, gnu],
    [
      'no program to read, and a report of glibc',
      { program: 'unreadable', glibcVersionRuntime: '2.17' },
      gnu,
    ],
    [
      'no program to read, and a report without glibc',
      { program: 'unreadable', glibcVersionRuntime: '' },
      musl,
    ],
    [
      'no program to read, and no report',
      { program: 'unreadable', glibcVersionRuntime: 'no report' },
      `${gnu},${musl}`,
    ],
  ] as const) {
    test(`the C library is that of the process: ${what}`, async (t) => {
      const { stdout, stderr } = await on(system, install(t), place)
      t.deepEqual([stdout, stderr], [`${expected}\n`, ''])
    })
  }

  test('the binary of the right C library is taken of the two', async (t) => {
    const copy = install(t)
    copy.addPackage(here)
    copy.addPackage(
      here.replace(/gnu$|musl$/, (abi) => (abi === 'gnu' ? 'musl' : 'gnu')),
      { text: '' },
    )
    const { stdout } = await on({}, copy, place)
    t.is(stdout, `@fdreactor/${here}\n`)
  })

  for (const broken of ['gnu', 'musl']) {
    test(`in doubt both are tried: ${broken} does not load`, async (t) => {
      const copy = install(t)
      for (const abi of ['gnu', 'musl']) {
        const name = `linux-${process.arch}-${abi}`
        copy.addPackage(name, abi === broken ? { text: 'throw new Error("wrong one")' } : undefined)
      }
      const { stdout } = await on({ program: 'unreadable', glibcVersionRuntime: 'no report' }, copy, place)
      t.is(stdout, `@fdreactor/linux-${process.arch}-${broken === 'gnu' ? 'musl' : 'gnu'}\n`)
    })
  }
}

/** Whatever can be used of the library. */
const USES = `
const { Reactor, TcpListener, TcpStream, OwnedSource, Waker, connect, io, listen, parseProxyHeader } = library
const uses = {
  'new Reactor': () => new Reactor(),
  'new Reactor with everything': () => new Reactor({ backend: 'poll', driver: 'manual', batchSize: 1 }),
  'TcpListener.bind': () => TcpListener.bind({ port: 0 }),
  'TcpStream.connect': () => TcpStream.connect({ port: 1 }),
  'new OwnedSource': () => new OwnedSource({}),
  'Waker.wake': () => Waker.from(1).wake(),
  'io.read': () => io.read(0, Buffer.alloc(1)),
  'io.write': () => io.write(0, Buffer.alloc(1)),
  'io.readv': () => io.readv(0, [Buffer.alloc(1)]),
  'io.writev': () => io.writev(0, [Buffer.alloc(1)]),
  'io.accept': () => io.accept(0),
  listen: () => listen({ port: 0, socket: {} }),
  'connect to': () => connect({ port: 1, socket: {} }),
}
const told = new Set()
for (const [name, use] of Object.entries(uses)) {
  try {
    await use()
    console.log(name, 'works')
  } catch (error) {
    if (error.code === 'ERR_FDREACTOR_UNSUPPORTED_PLATFORM' && error instanceof Error) told.add(error.message)
    else console.log(name, error)
  }
}
const left = Object.keys(library).filter((name) => typeof library[name] === 'function' && !Object.keys(uses).join().includes(name))
// These two do without.
console.log(told.size, left.filter((name) => name !== 'toDuplex' && name !== 'parseProxyHeader').join())
parseProxyHeader(Buffer.from('PROXY UNKNOWN'))
console.log([...told][0].split('\\n').slice(1).join('\\n'))`

const BINARIES =
  'There are binaries for linux-x64-gnu, linux-x64-musl, linux-arm64-gnu, linux-arm64-musl, darwin-x64, darwin-arm64, freebsd-x64.'

for (const [platform, arch, said] of [
  [
    'win32',
    'x64',
    ' Windows has neither epoll nor kqueue, and its poll takes sockets only; the Windows Subsystem for Linux has them.',
  ],
  ['linux', 'ia32', ' It needs 64 bits.'],
  ['linux', 'arm', ' It needs 64 bits.'],
  ['linux', 'riscv64', ''],
  ['sunos', 'x64', ''],
] as const) {
  test(`importing is fine where there is no binary, and every use says why: ${platform} ${arch}`, async (t) => {
    const copy = install(t)
    const { code, stdout, stderr } = await on({ platform, arch, program: 'unreadable' }, copy, USES)
    t.deepEqual([code, stderr], [0, ''])
    const [counts, ...lines] = stdout.trimEnd().split('\n')
    t.is(counts, '1 ')
    const names = lines.filter((line) => line.startsWith('  ')).map((line) => line.trim())
    const expected = platform === 'linux' ? ['gnu', 'musl'].map((abi) => `-${abi}`) : ['']
    t.true(names.length > 0)
    for (const name of names) {
      const file = /\/fdreactor\.(.*)\.node: not there$/.exec(name)?.[1]
      t.true(
        expected.some((abi) => file === `${platform}-${arch}${abi}`),
        name,
      )
    }
    const [why, ...rest] = lines.filter((line) => !line.startsWith('  '))
    t.is(why, `There is none for ${platform} ${arch}.${said} ${BINARIES}`)
    // Where it might be built, it is told how.
    t.is(rest.length, said === '' ? 2 : 0)
  })
}

test('the command says it in its own way', async (t) => {
  const copy = install(t)
  const command = (...args: readonly string[]): Promise<Outcome> =>
    on(
      { platform: 'win32', program: 'unreadable' },
      copy,
      `process.argv = [process.execPath, 'fdreactor', ...${JSON.stringify(args)}]
      await import('${join(copy.place, 'dist/cli/main.js')}')`,
    )
  const { version } = await import('../helpers/installed.js')
  t.is((await command('--version')).stdout, `${version}\n`)
  const echo = await command('echo')
  t.deepEqual([echo.code, echo.stdout], [1, ''])
  t.regex(echo.stderr, /^fdreactor echo: fdreactor \S+ has no binary that works here \(win32 /)
})
