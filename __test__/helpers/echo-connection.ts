import { type Socket, connect } from 'node:net'
import { Change, DEADLINE_MS, EchoFailure } from './echo-change.js'
import type { Pattern } from './echo-pattern.js'
import type { Target } from './echo-server.js'

const NOTHING = Buffer.alloc(0)

/** One connection to the server. It reads when it is asked to and not before: what is not asked for stays in the kernel. */
export class Client {
  readonly #socket: Socket
  readonly #change = new Change()
  readonly #deadlineMs: number
  #isReading = false
  #left: Buffer = NOTHING
  #failure: EchoFailure | undefined
  #ends = 0
  #isConnected = false
  #isClosed = false
  #peer = ''

  constructor({ host, port }: Target, deadlineMs = DEADLINE_MS) {
    this.#deadlineMs = deadlineMs
    // Half open, since the end of the server is one of the things to be seen.
    this.#socket = connect({ host, port, allowHalfOpen: true, noDelay: true })
    this.#socket.pause()
    this.#on('connect', () => {
      this.#isConnected = true
      const { localAddress = '', localPort } = this.#socket
      this.#peer = localAddress.includes(':')
        ? `[${localAddress}]:${localPort}`
        : `${localAddress}:${localPort}`
    })
    this.#on('end', () => {
      this.#ends += 1
    })
    this.#on('close', () => {
      this.#isClosed = true
    })
    this.#socket.on('error', (error) => {
      this.#failure = new EchoFailure(error.message)
      this.#change.notify()
    })
  }

  static async open(target: Target, deadlineMs?: number): Promise<Client> {
    const client = new Client(target, deadlineMs)
    await client.connected()
    return client
  }

  #on(event: 'connect' | 'end' | 'close' | 'readable', then: () => void): void {
    this.#socket.on(event, () => {
      then()
      this.#change.notify()
    })
  }

  /** Its own address, as the server logs it. */
  get peer(): string {
    return this.#peer
  }

  async connected(): Promise<void> {
    await this.#change.until(
      () => {
        if (this.#failure !== undefined) throw this.#failure
        return this.#isConnected || undefined
      },
      'connection',
      this.#deadlineMs,
    )
  }

  /** Done when the kernel has taken all of it. */
  async send(bytes: Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.write(bytes, (error) => {
        if (error) reject(new EchoFailure(error.message))
        else resolve()
      })
    })
  }

  /** Half-closes: it will send nothing more. */
  finish(): void {
    this.#socket.end()
  }

  /** What has come, or `undefined` at the end of the stream. */
  async read(): Promise<Buffer | undefined> {
    if (!this.#isReading) {
      this.#isReading = true
      this.#on('readable', () => undefined)
    }
    if (this.#left.length > 0) {
      const left = this.#left
      this.#left = NOTHING
      return left
    }
    const found = await this.#change.until<Buffer | 'end'>(
      () => {
        const chunk = this.#socket.read() as Buffer | null
        if (chunk !== null) return chunk
        if (this.#failure !== undefined) throw this.#failure
        if (this.#ends > 0) return 'end'
        if (this.#isClosed) throw new EchoFailure('closed without an end')
        return undefined
      },
      'bytes and no end',
      this.#deadlineMs,
    )
    return found === 'end' ? undefined : found
  }

  /** Exactly so many bytes. */
  async receive(length: number): Promise<Buffer> {
    const chunks: Buffer[] = []
    for (let missing = length; missing > 0;) {
      const chunk = await this.read()
      if (chunk === undefined) throw new EchoFailure(`the end after ${length - missing} of ${length} bytes`)
      chunks.push(chunk.subarray(0, missing))
      this.#left = chunk.subarray(missing)
      missing -= Math.min(missing, chunk.length)
    }
    return Buffer.concat(chunks)
  }

  /** Everything up to the end. */
  async rest(): Promise<Buffer> {
    const chunks: Buffer[] = []
    for (let chunk = await this.read(); chunk !== undefined; chunk = await this.read()) chunks.push(chunk)
    return Buffer.concat(chunks)
  }

  /** Receives bytes of a pattern and compares each, without keeping them. */
  async expect(pattern: Pattern, position: number, length: number): Promise<void> {
    for (let at = position; at < position + length;) {
      const chunk = await this.read()
      if (chunk === undefined)
        throw new EchoFailure(`the end after ${at} bytes, ${position + length} were due`)
      const wanted = chunk.subarray(0, position + length - at)
      pattern.check(at, wanted)
      this.#left = chunk.subarray(wanted.length)
      at += wanted.length
    }
  }

  /** Nothing but the end of the stream comes, once. */
  async expectEnd(): Promise<void> {
    const chunk = await this.read()
    if (chunk !== undefined) throw new EchoFailure(`${chunk.length} bytes too many`)
    // After both ends the socket closes; a reset that came behind the end shows here.
    if (this.#socket.writableEnded) {
      await this.#change.until(() => this.#isClosed || undefined, 'close', this.#deadlineMs)
    }
    if (this.#failure !== undefined) throw this.#failure
    if (this.#ends !== 1) throw new EchoFailure(`${this.#ends} ends`)
  }

  /** Sends and gets the same back. */
  async roundTrip(bytes: Uint8Array): Promise<void> {
    await this.send(bytes)
    const echo = await this.receive(bytes.length)
    if (echo.equals(bytes)) return
    const [sent, got] = [Buffer.from(bytes), echo].map((each) => each.toString('latin1').slice(0, 100))
    throw new EchoFailure(`sent ${JSON.stringify(sent)}, got ${JSON.stringify(got)}`)
  }

  /** Closes with a reset: what is under way is thrown away. */
  reset(): void {
    this.#socket.resetAndDestroy()
  }

  close(): void {
    this.#socket.destroy()
  }
}
