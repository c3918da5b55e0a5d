// examples/http-and-reactor: HTTP and the reactor in one thread. Its measures are counts, never times.
import { once } from 'node:events'
import { connect } from 'node:net'
import { Reactor } from 'fdreactor'
import { startApp } from '../../examples/http-and-reactor.mjs'
import { fine, run } from '../helpers/child.js'
import { openPipe } from '../helpers/descriptors.js'
import { within } from '../helpers/echo-change.js'
import { hasLoop } from '../helpers/matrix.js'
import test from '../helpers/test.js'

void [once, connect, Reactor, startApp, fine, run, openPipe, within, hasLoop, test]
