// A stand-in for /sys/class/gpio, under its real path, in a process with mounts and a host name of its own. Each line's value is the
// host name's file in /proc: a write changes it, a read at 0 gives it back, and each change is an EPOLLPRI event, as of a real line. So
// all lines are wired together. What it cannot do is invert (active_low).
import { spawnSync } from 'node:child_process'
import type { Outcome } from '../child.js'
import { shell } from './installation.js'

const SETUP = `set -e
mount -t tmpfs none /sys/class
mkdir /sys/class/gpio
: > /sys/class/gpio/export
: > /sys/class/gpio/unexport
echo 0 > /proc/sys/kernel/hostname
for line in 4 7 8 17 21; do
  folder=/sys/class/gpio/gpio$line
  mkdir $folder
  ln -s /proc/sys/kernel/hostname $folder/value
  echo in > $folder/direction
  echo none > $folder/edge
  echo 0 > $folder/active_low
done
`

const SPACES = ['unshare', '-m', '-u', 'sh', '-c']

/** Whether this process may do that: it takes the rights of root, and some containers refuse even them. */
export const hasGpio =
  process.platform === 'linux' &&
  spawnSync(SPACES[0] ?? '', [...SPACES.slice(1), SETUP], { stdio: 'ignore' }).status === 0

/** Presses a button again and again, until the program is over. */
const PULSES = `(while :; do
  echo 1 > /proc/sys/kernel/hostname; sleep 0.1
  echo 0 > /proc/sys/kernel/hostname; sleep 0.05
done) > /dev/null 2>&1 &
button=$!
"$@" && code=0 || code=$?
kill $button
exit $code`

/** Runs a program that has lines. */
export function withGpio(
  program: readonly string[],
  {
    hasButton = false,
    ...rest
  }: { hasButton?: boolean; cwd?: string; isEnough?: (stdout: string) => boolean } = {},
): Promise<Outcome> {
  return shell('exec "$@"', [...SPACES, SETUP + (hasButton ? PULSES : 'exec "$@"'), 'sh', ...program], rest)
}
