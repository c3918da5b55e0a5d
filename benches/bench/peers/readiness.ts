/** The echo server of the benches on the readiness API: the one of `fdreactor echo`. */
import { Reactor, TcpListener } from 'fdreactor'
import { EchoServer, Log } from '#echo'
import { collectV8, control, isClosing } from './control.js'

/** Keeps nothing but the first line, which has the port. */
class Silence extends Log {
  first = ''

  constructor() {
    super(true)
  }

  override say(line: string): void {
    if (this.first === '') this.first = line
  }

  override note(): void {}
}

function closing(): number {
  const reactor = new Reactor()
  const listener = TcpListener.bind({ port: 0 })
  reactor.register(listener, { readable: true }, () => {
    for (let peer = listener.accept(); peer !== null; peer = listener.accept()) peer.close()
  })
  return listener.localAddress.port
}

function echoing(): number {
  const log = new Silence()
  const options = {
    backend: 'auto',
    trigger: 'level',
    driver: 'auto',
    host: '127.0.0.1',
    port: 0,
    backlog: 511,
    logEncoding: 'none',
    quiet: true,
    server: false,
    workers: 0,
  } as const
  const { reactor } = new EchoServer(options, '127.0.0.1', log)
  if (reactor.closed) throw new Error(log.first)
  return Number(/:(\d+) /.exec(log.first)?.[1])
}

control(isClosing ? closing() : echoing(), collectV8)
