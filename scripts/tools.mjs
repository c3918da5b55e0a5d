// The programs that tests use and that neither npm nor cargo brings, in one place: the tests, `npm test` and .ci/run
// read this table. `node scripts/tools.mjs` prints the Debian packages of what is missing here.
import { pathToFileURL } from 'node:url'
import { toolchain } from './cross-check.mjs'
import { which } from './run.mjs'
import { packages as crossPackages } from './rust.mjs'

/**
 * @typedef {object} Tool
 * @property {string} name the program
 * @property {string} debian the package that holds it
 * @property {string} usedBy
 */

/** @satisfies {readonly Tool[]} */
export const tools = /** @type {const} */ ([
  { name: 'socat', debian: 'socat', usedBy: 'the echo server and half-closed connections from outside' },
  { name: 'nc', debian: 'netcat-openbsd', usedBy: 'the echo server from outside' },
  { name: 'ncat', debian: 'ncat', usedBy: 'the echo server from outside' },
  { name: 'python3', debian: 'python3', usedBy: "the echo server, by asyncio's streams" },
  { name: 'redis-benchmark', debian: 'redis-tools', usedBy: 'many connections at once' },
  { name: 'redis-cli', debian: 'redis-tools', usedBy: 'a client that pipelines' },
  { name: 'chromium', debian: 'chromium', usedBy: 'the page that the comparison writes' },
  { name: 'strace', debian: 'strace', usedBy: 'counting system calls, and making them fail' },
  {
    name: 'curl',
    debian: 'curl',
    usedBy: "Node's http server on the reactor, and the echo server from outside",
  },
  { name: 'openssl', debian: 'openssl', usedBy: 'a certificate for TLS on the reactor' },
  { name: 'haproxy', debian: 'haproxy', usedBy: 'the example of a proxy in front of servers' },
  { name: 'valgrind', debian: 'valgrind', usedBy: "the core's use of memory" },
])

/** @typedef {typeof tools[number]['name']} ToolName */

/** The tools that this machine lacks. */
export const missing = tools.filter(({ name }) => !which(name))

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  /** @type {Set<string>} */
  const wanted = new Set(missing.map(({ debian }) => debian))
  if (!toolchain()) for (const name of crossPackages) wanted.add(name)
  if (wanted.size > 0) console.log([...wanted].join('\n'))
}
