/** What runs in each Worker of `fdreactor echo --workers`: an echo server that is told by messages what to do. */
import { parentPort, workerData } from 'node:worker_threads'
import { Log } from './log.js'
import type { Order, Report, Task } from './messages.js'
import { EchoServer } from './server.js'

if (parentPort === null) throw new Error('This file is run by fdreactor echo --workers N')
const main = parentPort
const report = (message: Report): void => main.postMessage(message)

function start({ options, host }: Task): EchoServer | undefined {
  const log = new Log(options)
  const end = (): void => {
    main.close()
    log.end()
  }
  try {
    return new EchoServer(options, host, log, end)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    report({ kind: 'failed', message, code })
    return undefined
  }
}

const server = start(workerData as Task)
if (server !== undefined) {
  main.on('message', (order: Order) => {
    if (order === 'stop') server.stop()
    else report({ kind: 'counts', counts: server.counts })
  })
  report({ kind: 'listening', address: server.address, backend: server.reactor.backend })
  await server.run()
}
