// Runs the tests of the core with a sanitizer compiled in, the standard library included: `address` (use of memory that is not
// one's own, and leaks), `leak` (those alone, faster), `thread` (two threads at one place without order).
// `node scripts/sanitize.mjs [address|leak|thread ...]`, `address thread` without arguments; what follows `--` is for the tests.
// The last line is `N passed, N failed`. Exit status: 0 fine, 1 not, 2 wrong arguments, 77 if what it needs is not here.
//
// Not the addon: a sanitizer must be in the program that loads it, and Node.js has none. Not Miri either: it comes with rustup's
// nightly only, and it has no epoll of its own beyond the basics; the workflow of the checks has it run what it can.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { leftOut } from './cross-check.mjs'
import { root, run, stopAllOnSignals, which } from './run.mjs'
import { advice, read, rustWithSource } from './rust.mjs'

/** What each is called in Rust's runtime, and how it is told what to do. */
const sanitizers = {
  address: { runtime: 'asan', variable: 'ASAN_OPTIONS', options: 'detect_leaks=1:strict_string_checks=1' },
  leak: { runtime: 'lsan', variable: 'LSAN_OPTIONS', options: 'report_objects=1' },
  thread: { runtime: 'tsan', variable: 'TSAN_OPTIONS', options: 'second_deadlock_stack=1' },
}

/** What a sanitizer cannot do, by the beginning of the tests' names. No report of a sanitizer is suppressed. */
const beyond = new Map([
  ['H02::', 'a timer of 20 ms is over before the first wait'],
  ['L09::', 'it measures resident memory, and what was freed is kept for a while'],
])

/** A hundredth of the random histories: each step takes many times as long. */
const environment = { FDREACTOR_HISTORIES_STEPS: '20000' }

/** Where one that hangs ends. */
const limitMs = 60 * 60_000

/**
 * @param {keyof typeof sanitizers} name
 * @param {import('./rust.mjs').Rust} rust
 * @param {string} host
 */
function flagsFor(name, rust, host) {
  const flags = [`-Zsanitizer=${name}`, '-Cforce-frame-pointers=yes', '-Cdebuginfo=line-tables-only']
  const folder = join(rust.sysroot, 'lib/rustlib', host, 'lib')
  const { runtime } = sanitizers[name]
  const own = new RegExp(`^librustc-\\w+_rt\\.${runtime}\\.a$`)
  if (existsSync(folder) && readdirSync(folder).some((file) => own.test(file))) return flags
  // Debian's Rust comes without them, and takes clang's.
  if (!which('clang-19')) return undefined
  return [...flags, '-Zexternal-clangrt', '-Clinker=clang-19', `-Clink-arg=-fsanitize=${name}`]
}

/**
 * @param {keyof typeof sanitizers} name
 * @param {readonly string[]} args for the tests
 * @returns {Promise<{ passed: number, failed: number } | undefined>} nothing if what it needs is not here
 */
async function check(name, args) {
  const rust = rustWithSource()
  const host = /^host: (.*)$/m.exec(read('rustc', ['-vV'], rust?.env) ?? '')?.[1]
  const flags = rust && host && flagsFor(name, rust, host)
  if (!flags) {
    console.log(`the core with the ${name} sanitizer: ${advice} clang-19 libclang-rt-19-dev`)
    return undefined
  }
  console.log(`== ${name}, with ${rust.version}`)
  for (const [start, reason] of beyond) console.log(`left out: ${start} ${reason}`)
  const skipped = [...beyond.keys()].map((start) => `--skip ${start}`).join(' ')
  const { variable, options } = sanitizers[name]
  const { code, output, timedOut } = await run(
    'cargo',
    `test --package=fdreactor --lib --tests --no-fail-fast -Z build-std --target=${host} -- ${skipped}`
      .split(' ')
      .concat(args),
    {
      env: {
        ...environment,
        ...rust.env,
        CARGO_TARGET_DIR: join(root, 'target', 'sanitize', name),
        CARGO_ENCODED_RUSTFLAGS: flags.join('\u001F'),
        [variable]: options,
      },
      limitMs,
      onOutput: (text) => process.stdout.write(text),
    },
  )
  let [passed, failed] = [0, 0]
  for (const [, ok, bad] of output.matchAll(/^test result: \S+ (\d+) passed; (\d+) failed;/gm)) {
    passed += Number(ok)
    failed += Number(bad)
  }
  if (timedOut) console.log('it does not end')
  return { passed, failed: (code !== 0 || passed === 0) && failed === 0 ? 1 : failed }
}

/** @param {readonly (keyof typeof sanitizers)[]} names @param {readonly string[]} args */
async function main(names, args) {
  let [passed, failed, missing] = [0, 0, 0]
  for (const name of names) {
    const result = await check(name, args)
    passed += result?.passed ?? 0
    failed += result?.failed ?? 0
    missing += result ? 0 : 1
  }
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed > 0 ? 1 : missing > 0 ? leftOut : 0
}

stopAllOnSignals()
const end = process.argv.indexOf('--')
const { positionals } = parseArgs({
  args: process.argv.slice(2, end < 0 ? undefined : end),
  allowPositionals: true,
})
const names = /** @type {(keyof typeof sanitizers)[]} */ (
  positionals.length > 0 ? positionals : ['address', 'thread']
)
const unknown = names.filter((name) => !(name in sanitizers))
if (unknown.length > 0) {
  console.error(`no such sanitizer: ${unknown.join(', ')} (there are: ${Object.keys(sanitizers).join(', ')})`)
  process.exitCode = 2
} else {
  await main(names, end < 0 ? [] : process.argv.slice(end + 1))
}
