import { randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Backend, Driver, ReactorOptions } from '../../../dist/index.js'
import type { Descriptor } from '../descriptors.js'
import { kit, spawnShell } from '../kit.js'
import type { Combo } from './combos.js'
import { Broken } from './outcome.js'
import { Watch } from './watch.js'

/** Numbers from here on nobody else opens: what a case closes stays closed until the case itself takes its number. */
const HIGH = 600

/** A name's number, and whether it is open and ours. */
interface Held {
  readonly number: number
  isOpen: boolean
}

/** The world of one case: its descriptors by name, its reactors and its child. All of it ends with the case. */
export class World {
  readonly combo: Combo
  /** Whether something that is done here takes effect a moment later. */
  settles = false
  /** How many bytes the last `fill` wrote. */
  filled = 0
  /** When a timer among the fixtures expires, on the clock of `performance`. */
  expiresAt = Number.POSITIVE_INFINITY
  readonly #held = new Map<string, Held>()
  readonly #watches: Watch[] = []
  #files: number | undefined
  #directory: string | undefined
  #child: { readonly pid: number; readonly input: Descriptor } | undefined

  constructor(combo: Combo) {
    this.combo = combo
  }

  /** Makes a reactor, of the case's own kind unless told otherwise. */
  watch(options: ReactorOptions = {}, backend?: Backend, driver?: Driver): Watch {
    const watch = new Watch(backend ?? this.combo.backend, driver ?? this.combo.driver, options)
    this.#watches.push(watch)
    return watch
  }

  /** Names a descriptor, which gets a high number. */
  hold(name: string, descriptor: Descriptor): number {
    const number = kit.dup(descriptor.fd, HIGH)
    descriptor.close()
    return this.take(name, number)
  }

  /** Names a descriptor by its number, which is ours to close. */
  take(name: string, number: number): number {
    this.#held.set(name, { number, isOpen: true })
    return number
  }

  /** Names a number that is not ours to close. */
  note(name: string, number: number): void {
    this.#held.set(name, { number, isOpen: false })
  }

  isOpen(name: string): boolean {
    return this.#held.get(name)?.isOpen === true
  }

  /** A name's number, open or not; a number is its own name. */
  number(name: string): number {
    const number = this.#held.get(name)?.number ?? Number(name)
    if (Number.isNaN(number)) throw new Broken(`nothing is called ${name}`)
    return number
  }

  /** Closes it. Its name keeps its number. */
  close(name: string): void {
    const held = this.#held.get(name)
    if (held?.isOpen !== true) throw new Broken(`${name} is not open`)
    held.isOpen = false
    kit.close(held.number)
  }

  /** The name under which the table shows a registration: that of the open descriptor that has its number now. */
  shown(name: string): string {
    const own = this.#held.get(name)
    if (own === undefined || own.isOpen) return name
    for (const [other, held] of this.#held) if (held.isOpen && held.number === own.number) return other
    return name
  }

  /** Starts a child that lives until its input ends, and names its output. */
  spawn(script: string, output: string): number {
    const shell = spawnShell(script)
    this.#child = shell
    kit.setBlocking(shell.output.fd, false)
    this.hold(output, shell.output)
    return shell.pid
  }

  /** Ends the child's input and waits until it is over, and nothing but to be reaped. */
  endChild(): void {
    if (this.#child === undefined) throw new Broken('there is no child')
    this.#child.input.close()
    kit.awaitExit(this.#child.pid)
  }

  reapChild(): void {
    if (this.#child === undefined) throw new Broken('there is no child')
    kit.reap(this.#child.pid)
    this.#child = undefined
  }

  /** An empty directory. */
  directory(): string {
    this.#directory ??= mkdtempSync(join(tmpdir(), 'fdreactor-test-'))
    return this.#directory
  }

  touch(): void {
    writeFileSync(join(this.directory(), 'new'), '')
  }

  /** Writes so many bytes after a while, also if this thread waits meanwhile. */
  writeLater(name: string, delayMs: number, count: number): void {
    kit.writeLater(this.number(name), delayMs, count)
  }

  /** Lowers the limit of open files until just so many numbers below it are free. */
  leaveFree(count: number): void {
    const was = kit.limitFiles(kit.mostFiles())
    this.#files ??= was
    const open = openNumbers()
    let limit = 0
    for (let left = count; left > 0 || open.has(limit); limit += 1) if (!open.has(limit)) left -= 1
    kit.limitFiles(limit)
  }

  /** An address that nobody else has. */
  address(): string {
    return `fdreactor-test-${randomUUID()}`
  }

  end(): void {
    if (this.#files !== undefined) kit.limitFiles(this.#files)
    for (const watch of this.#watches) watch.close()
    for (const held of this.#held.values()) if (held.isOpen) kit.close(held.number)
    if (this.#child !== undefined) {
      this.#child.input.close()
      kit.reap(this.#child.pid)
    }
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true })
  }
}

/** The numbers that are open in this process. */
export function openNumbers(): Set<number> {
  const listed = readdirSync('/proc/self/fd').map(Number)
  // The listing's own descriptor was listed, and is closed by now.
  return new Set(listed.filter((number) => isOpen(number)))
}

function isOpen(number: number): boolean {
  try {
    kit.descriptorFlags(number)
    return true
  } catch {
    return false
  }
}
