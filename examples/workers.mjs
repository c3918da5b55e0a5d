// A reactor in a Worker that does nothing but wait, and how the main thread wakes it.
import { once } from 'node:events'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import { Reactor, TcpListener, TcpStream, Waker, WOULD_BLOCK } from 'fdreactor'

if (isMainThread) await main()
else work()

async function main() {
  const stop = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(new URL(import.meta.url), { workerData: stop })
  const [{ port, handle }] = await once(worker, 'message')

  // The Worker serves, whatever this thread does.
  const reactor = new Reactor()
  const client = TcpStream.connect({ port })
  await reactor.ready(client, { writable: true })
  client.write(Buffer.from('hello'))
  await reactor.ready(client, { readable: true })
  const buffer = Buffer.alloc(1024)
  console.log('echo:', buffer.toString('utf8', 0, client.read(buffer)))
  client.close()

  // It sits in poll() and sees no message: a wake ends the wait, and the flag says why.
  Atomics.store(stop, 0, 1)
  Waker.from(handle).wake()
  const [code] = await once(worker, 'exit')
  console.log('the worker has ended with status', code)
}

function work() {
  /** @type {Int32Array} */
  const stop = workerData
  const reactor = new Reactor({ driver: 'manual' })
  const listener = TcpListener.bind({ port: 0 })
  const buffer = Buffer.alloc(64 * 1024)
  reactor.register(listener, { readable: true }, () => {
    const stream = listener.accept()
    if (stream === null) return
    reactor.register(stream, { readable: true }, () => {
      const count = stream.read(buffer)
      if (count === 0) stream.close()
      else if (count !== WOULD_BLOCK) stream.write(buffer, 0, count)
    })
  })
  parentPort?.postMessage({ port: listener.localAddress.port, handle: reactor.waker().handle })
  while (Atomics.load(stop, 0) === 0) reactor.poll()
  listener.close()
  reactor.close()
}
