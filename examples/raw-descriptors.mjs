// A descriptor that is no socket of this library: a named pipe, as it stands for a serial port, a terminal, inotify, ...
import { execFileSync, spawn } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Reactor, Ready, WOULD_BLOCK, io } from 'fdreactor'

const folder = mkdtempSync(join(tmpdir(), 'fdreactor-example-'))
const path = join(folder, 'pipe')
execFileSync('mkfifo', [path])

// Whoever opens a descriptor decides that it does not block. The reactor changes no flags, and never closes it.
const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
const reactor = new Reactor()
const buffer = Buffer.alloc(64 * 1024)

const registration = reactor.register(fd, { readable: true }, (readiness) => {
  const count = io.read(fd, buffer)
  if (count === WOULD_BLOCK) return
  if (count > 0) {
    process.stdout.write(buffer.subarray(0, count))
    return
  }
  console.log('the last writer has gone:', (readiness & Ready.HANGUP) !== 0 ? 'HANGUP' : 'the end')
  // First the registration, then the descriptor: its number is given out again.
  registration.close()
  closeSync(fd)
  rmSync(folder, { recursive: true })
})

// Another program writes to it.
spawn('sh', ['-c', '{ echo one; echo two; } > "$1"', 'sh', path])
