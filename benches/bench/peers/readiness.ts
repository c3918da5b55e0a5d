/** The echo server of the benches on the readiness API: the one of `fdreactor echo`. */
import { Reactor, TcpListener } from 'fdreactor'
import { EchoServer, Log, defaultOptions } from '#echo'
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
  const options = { ...defaultOptions(), port: 0, logEncoding: 'none', quiet: true } as const
  return new EchoServer(options, '127.0.0.1', new Log(options)).address.port
}

control(isClosing ? closing() : echoing(), collectV8)
