import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

type Value = number | 'unlimited' | 'unknown'

/** A limit of the system's, and what to do about it. */
export interface Limit {
  readonly name: string
  /** `soft` and `hard`, or `value`. */
  readonly values: Readonly<Record<string, Value>>
  readonly meaning: string
  readonly raise: string
}

function valueOf(text: string | undefined): Value {
  if (text === 'unlimited') return text
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : 'unknown'
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return undefined
  }
}

function ask(program: string, ...args: readonly string[]): string | undefined {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return undefined
  }
}

function openFiles(): Limit {
  const own = /^Max open files +(\S+) +(\S+)/m.exec(readText('/proc/self/limits') ?? '')?.slice(1)
  // A shell inherits what this process has.
  const [soft, hard] = own ?? ask('sh', '-c', 'ulimit -Sn; ulimit -Hn')?.split('\n') ?? []
  return {
    name: 'open files',
    values: { soft: valueOf(soft), hard: valueOf(hard) },
    meaning:
      'Descriptors that this process may have open: each connection, pipe and file is one. Beyond the soft limit there is EMFILE; ' +
      'Node.js raises it to the hard one when it starts. select takes no descriptor from 1,024 on, whatever the limit.',
    raise:
      'ulimit -n N in the shell that starts the process; LimitNOFILE=N in a systemd unit; docker run --ulimit nofile=N',
  }
}

function watches(): Limit {
  return {
    name: 'fs.epoll.max_user_watches',
    values: { value: valueOf(readText('/proc/sys/fs/epoll/max_user_watches')) },
    meaning:
      'Registrations on epoll that all processes of one user may have together. Beyond it register says ENOSPC.',
    raise: 'sysctl -w fs.epoll.max_user_watches=N, as root; a file in /etc/sysctl.d keeps it',
  }
}

/** The same limit under three names. */
function backlog(): Limit {
  const name =
    { linux: 'net.core.somaxconn', freebsd: 'kern.ipc.soacceptqueue' }[process.platform as string] ??
    'kern.ipc.somaxconn'
  const text =
    process.platform === 'linux' ? readText('/proc/sys/net/core/somaxconn') : ask('sysctl', '-n', name)
  return {
    name,
    values: { value: valueOf(text) },
    meaning: 'Connections that may wait on one listener to be accepted: a larger backlog is cut to it.',
    raise: `sysctl -w ${name}=N, as root; ${process.platform === 'linux' ? 'a file in /etc/sysctl.d' : '/etc/sysctl.conf'} keeps it`,
  }
}

/** What a reactor runs into first. */
export function limits(): readonly Limit[] {
  if (process.platform === 'win32') return []
  return [openFiles(), ...(process.platform === 'linux' ? [watches()] : []), backlog()]
}
