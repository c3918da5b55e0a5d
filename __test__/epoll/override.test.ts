// What docs/epoll.md promises of one line: with it, a package that asks for `epoll` gets ours. Nothing is fetched.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fine } from '../helpers/child.js'
import { root, scratch, shell } from '../helpers/epoll/installation.js'
import test from '../helpers/test.js'

const PACKED = ['.', 'npm/epoll', 'node_modules/onoff', 'node_modules/lodash.debounce']

/** What is tried of the installation: which class each name gives, and that an event comes. */
const PROGRAM = `
import { createRequire } from 'node:module'
import { Epoll as ours } from 'fdreactor/epoll'
import { Epoll } from 'epoll'
import module from 'epoll'
import { Gpio } from 'onoff'
const fromOnoff = createRequire(createRequire(import.meta.url).resolve('onoff'))
console.log(Epoll === ours, module.Epoll === ours, fromOnoff('epoll').Epoll === ours, typeof Gpio)
const epoll = new Epoll((error, fd, events) => {
  console.log(error, fd, events & Epoll.EPOLLIN)
  epoll.remove(fd).close()
}).add(0, Epoll.EPOLLIN)
`

test('one line of overrides puts it in the place of epoll, for onoff too', async (t) => {
  using folder = scratch()
  const { path } = folder
  const npm = (line: string): ReturnType<typeof shell> =>
    shell(`exec npm ${line} --ignore-scripts --offline --cache "$1"`, [join(path, 'cache')], { cwd: path })

  const packed = await npm(`pack --silent ${PACKED.map((name) => join(root, name)).join(' ')}`)
  t.is(packed.code, 0, packed.stderr)
  const file = (name: RegExp): string =>
    `file:${join(path, readdirSync(path).find((each) => name.test(each)) ?? 'nothing')}`
  writeFileSync(
    join(path, 'package.json'),
    JSON.stringify({
      private: true,
      dependencies: { onoff: file(/^onoff-/) },
      overrides: {
        epoll: file(/^fdreactor-epoll-/),
        // Not published, or not to be fetched here.
        fdreactor: file(/^fdreactor-\d/),
        'lodash.debounce': file(/^lodash/),
      },
    }),
  )
  const installed = await npm('install --omit=optional --no-audit --no-fund')
  t.is(installed.code, 0, installed.stderr)
  t.deepEqual(
    readdirSync(join(path, 'node_modules')).filter((name) => !name.startsWith('.')),
    ['epoll', 'fdreactor', 'lodash.debounce', 'onoff'],
  )

  mkdirSync(join(path, 'program'))
  writeFileSync(join(path, 'program/main.mjs'), PROGRAM)
  const native = join(root, 'dist/native')
  const addon = join(native, readdirSync(native).find((name) => name.endsWith('.node')) ?? '')
  const outcome = await shell(
    'echo | NAPI_RS_NATIVE_LIBRARY_PATH="$1" "$2" program/main.mjs',
    [addon, process.execPath],
    { cwd: path },
  )
  t.deepEqual(outcome, fine('true true true function\nnull 0 1\n'))
})
