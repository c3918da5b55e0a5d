// A server on several cores: in each Worker a reactor of its own, and all of them listen on one port.
import { once } from 'node:events'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import { connect, listen } from 'fdreactor'

const WORKERS = 2

if (isMainThread) await main()
else work(workerData)

async function main() {
  // The first one lets the system choose a port, and the others share it.
  const first = await start(0)
  const others = await Promise.all(Array.from({ length: WORKERS - 1 }, () => start(first.port)))
  const workers = [first, ...others].map(({ worker }) => worker)

  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, index) => ask(first.port, `hello ${index}`)),
  )
  console.log(answers.length, 'answers:', answers[0], '...', answers.at(-1))

  for (const worker of workers) worker.postMessage('stop')
  const codes = await Promise.all(workers.map((worker) => once(worker, 'exit')))
  console.log('they have ended with status', codes.join(' and '))
}

/** @param {number} port */
async function start(port) {
  const worker = new Worker(new URL(import.meta.url), { workerData: port })
  const [chosen] = await once(worker, 'message')
  return { worker, port: chosen }
}

/**
 * @param {number} port
 * @param {string} question
 */
function ask(port, question) {
  return new Promise((resolve, reject) => {
    let answer = ''
    /** @type {import('fdreactor').SocketHandlers} */
    const socket = {
      open: (connection) => connection.end(question),
      data: (_connection, bytes) => {
        answer += bytes.toString()
      },
      error: (_connection, error) => reject(error),
      close: () => resolve(answer),
    }
    connect({ port, socket }).catch(reject)
  })
}

/** @param {number} port */
function work(port) {
  const server = listen({
    port,
    reusePort: true,
    socket: { data: (connection, bytes) => void connection.write(bytes) },
  })
  parentPort?.postMessage(server.port)
  // Who waits is answered; then nothing is left to do, and the thread ends.
  parentPort?.once('message', () => server.stop())
}
