export { echo } from './main.js'
export { Backlog } from './backlog.js'
export { Log } from './log.js'
export { EchoServer } from './server.js'
