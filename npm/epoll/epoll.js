'use strict'

// By name, so that `import { Epoll } from 'epoll'` finds it too.
exports.Epoll = require('fdreactor/epoll').Epoll
