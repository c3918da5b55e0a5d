import { Epoll } from './epoll.js'

export { Epoll }
export type { EpollCallback } from './epoll.js'

/** What `import epoll from 'epoll'` brings: that is how the package's CommonJS is imported. */
const all: {
  /** The class, as by its name. */
  Epoll: typeof Epoll
} = { Epoll }
export default all
