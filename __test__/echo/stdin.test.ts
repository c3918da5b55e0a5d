// Lines of standard input are commands. What holds no lines holds no commands, and is no reason to end.
import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { devNull, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '../helpers/echo-connection.js'
import { argumentsOf, each, startColumn } from '../helpers/echo-columns.js'
import { within } from '../helpers/echo-change.js'
import { flags } from '../helpers/echo-process.js'
import { EchoServer, cli } from '../helpers/echo-server.js'
import { commandFor } from '../helpers/runtime.js'
import type { ExecutionContext } from '../helpers/test.js'

/** For a shell. */
const program = commandFor(cli)
  .map((word) => `'${word}'`)
  .join(' ')

const fine = { code: 0, signal: null }

function folder(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), 'fdreactor-stdin-'))
  t.teardown(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** It serves, and goes on serving after its reactor has had some turns. */
async function serves(t: ExecutionContext, server: EchoServer): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    const client = await Client.open(server)
    await client.roundTrip(Buffer.from('hello'))
    client.finish()
    await t.notThrowsAsync(client.expectEnd())
  }
}

/** It has no commands, so a signal ends it. */
async function terminates(t: ExecutionContext, server: EchoServer): Promise<void> {
  server.signal('SIGTERM')
  t.deepEqual(await within(server.ended, 'SIGTERM'), fine)
  t.is(server.errors, '')
}

for (const word of ['quit', 'exit']) {
  each(`stdin: ${word} ends the server`, async (t, column) => {
    const server = await startColumn(t, column)
    await serves(t, server)
    server.write(`${word}\n`)
    t.deepEqual(await within(server.ended, word), fine)
    t.is(server.errors, '')
  })
}

each('stdin: status counts, help lists, nonsense is unknown', async (t, column) => {
  const server = await startColumn(t, column)
  const client = await Client.open(server)
  await client.roundTrip(Buffer.from('hello'))
  const status = await server.status()
  t.is(status['connections'], 1)
  t.is(status['accepted'], 1)
  t.is(status['received'], 5)
  t.is(status['sent'], 5)

  let from = server.lines.length
  server.write('help\n')
  const help = await server.line(/quit/, from)
  for (const word of ['status', 'quit', 'exit', 'help']) t.true(help.includes(word), word)

  from = server.lines.length
  server.write('open the pod bay doors\n')
  t.regex(await server.line(/unknown command/, from), /open the pod bay doors/)

  // Empty lines and blanks are nothing.
  from = server.lines.length
  server.write('\n  \n\r\n  help \r\n')
  await server.line(/quit/, from)
  t.is(server.lines.length, from + 1)
  await client.roundTrip(Buffer.from('still there'))
  client.close()
})

each('stdin: a command split over writes, and two in one', async (t, column) => {
  const server = await startColumn(t, column)
  let from = server.lines.length
  for (const part of ['st', 'at', 'us']) {
    server.write(part)
    // Each part is read alone.
    await serves(t, server)
  }
  t.is(server.matching(/^status: /).length, 0)
  server.write('\nhelp\nstatus\n')
  await server.line(/^commands?: /, from)
  from = server.lines.findIndex((line) => /^commands?: /.test(line))
  await server.line(/^status: /, from)
  t.is(server.matching(/^status: /).length, 2)

  // What stands behind `quit` is not done any more.
  server.write('quit\nstatus\n')
  t.deepEqual(await within(server.ended, 'quit'), fine)
  t.is(server.matching(/^status: /).length, 2)
})

each('stdin: an end of file is no command, with or without a line that does not end', async (t, column) => {
  for (const text of ['', 'status\nhelp', 'quit']) {
    const server = await startColumn(t, column)
    server.child.stdin?.end(text)
    if (text.includes('status')) await server.line(/^status: /)
    await serves(t, server)
    await terminates(t, server)
    t.is(server.matching(/^commands?: /).length, 0)
  }
})

// circonus-labs/libmtev#682, tokio-file-unix#2
each(
  'fault-75 stdin: a file is no command, whatever it holds',
  async (t, column) => {
    const file = join(folder(t), 'commands')
    for (const text of ['', 'quit\nexit\n']) {
      writeFileSync(file, text)
      const stdin = openSync(file, 'r')
      const server = await startColumn(t, column, [], { stdin })
      closeSync(stdin)
      await serves(t, server)
      await terminates(t, server)
    }
  },
  { linux: true },
)

each('stdin: the null device is no command', async (t, column) => {
  const stdin = openSync(devNull, 'r')
  const server = await startColumn(t, column, [], { stdin })
  closeSync(stdin)
  await serves(t, server)
  await terminates(t, server)
})

each('stdin: it may be closed', async (t, column) => {
  const server = await startColumn(t, column, [], { wrapper: ['sh', '-c', 'exec "$@" <&-', 'sh'] })
  await serves(t, server)
  await terminates(t, server)
})

// nodejs/node#42826
each(
  'fault-77 stdin: a pipe is read without changing its flags, which others share',
  async (t, column) => {
    const pipe = join(folder(t), 'pipe')
    execFileSync('mkfifo', [pipe])
    // Opened for reading first, and without waiting for a writer.
    const stdin = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK)
    const writer = openSync(pipe, 'w')
    const server = await startColumn(t, column, [], { stdin })
    closeSync(stdin)
    writeSync(writer, 'status\n')
    await server.line(/^status: /)
    t.is(flags(server.pid, 0) & constants.O_NONBLOCK, 0)
    writeSync(writer, 'help\n')
    await server.line(/^commands?: /)
    closeSync(writer)
    await serves(t, server)
    await terminates(t, server)
  },
  { linux: true },
)

// nodejs/node#37780
each(
  'fault-74 stdin: a terminal takes commands; Ctrl-D ends nothing, and Ctrl-C the server',
  async (t, column) => {
    const script = join(folder(t), 'run')
    const command = `${program} echo --port 0 ${argumentsOf(column).join(' ')}`
    // Ctrl-C reaches the shell as well.
    writeFileSync(script, `#!/bin/sh\ntrap : INT\n${command}\necho "status $?"\n`, { mode: 0o700 })
    const terminal = 'pty,setsid,ctty,echo=0,onlcr=0'
    const server = new EchoServer(['socat', '-t', '600', 'STDIO', `EXEC:${script},${terminal}`])
    t.teardown(() => server.kill())
    await server.ready()
    server.write('help\n')
    await server.line(/^commands?: /)
    server.write('\u0004')
    await serves(t, server)
    server.write('\u0003')
    t.is(await server.line(/^status \d/), 'status 0')
    t.is(server.errors, '')
  },
  { linux: true, tools: ['socat'] },
)

each(
  'stdin: in the background of a terminal, what is typed is for the shell and does not stop the server',
  async (t, column) => {
    const script = join(folder(t), 'run')
    const command = `${program} echo --port 0 ${argumentsOf(column).join(' ')}`
    // With job control (-m) the server is in a process group of its own, and the shell has the terminal.
    const shell = `set -m\n${command} &\nread typed\necho "typed $typed"\nread wait\nkill $!\nwait $!\necho "status $?"\n`
    writeFileSync(script, `#!/bin/sh\n${shell}`, { mode: 0o700 })
    const terminal = 'pty,setsid,ctty,echo=0,onlcr=0'
    const server = new EchoServer(['socat', '-t', '600', 'STDIO', `EXEC:${script},${terminal}`])
    t.teardown(() => server.kill())
    await server.ready()
    server.write('quit\n')
    t.is(await server.line(/^typed/), 'typed quit')
    await serves(t, server)
    server.write('\n')
    t.is(await server.line(/^status \d/), 'status 0')
  },
  { linux: true, tools: ['socat'] },
)
