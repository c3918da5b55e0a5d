import { Epoll } from './epoll.js'

export { Epoll }
export type { EpollCallback } from './epoll.js'
// `import epoll from 'epoll'` is how the package's CommonJS is imported.
export default { Epoll }
