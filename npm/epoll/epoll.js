'use strict'

const { Epoll } = require('fdreactor/epoll')

// By name, so that `import { Epoll } from 'epoll'` finds it too.
exports.Epoll = Epoll
