/** The echo server of the benches on the readiness API: the one of `fdreactor echo`. */
import { Reactor, TcpListener } from 'fdreactor'
import { EchoServer, Log } from '#echo'
import { collectV8, control, isClosing } from './control.js'

function closing(): number {
  const reactor = new Reactor()
  const listener = TcpListener.bind({ port: 0 })
  reactor.register(listener, { readable: true }, () => {
    for (let peer = listener.accept(); peer !== null; peer = listener.accept()) peer.close()
  })
  return listener.localAddress.port
}

function echoing(): number {
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
    json: false,
    logRate: 0,
    statsEvery: 0,
    graceMs: 2000,
    work: undefined,
  } as const
  return new EchoServer(options, '127.0.0.1', new Log(options)).address.port
}

control(isClosing ? closing() : echoing(), collectV8)
