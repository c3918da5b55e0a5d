/** The echo server of the benches on mio, in Rust: Node.js only starts it. */
import { native } from '#internal'
import { isClosing } from './control.js'

const failure = native.benchEcho(isClosing)
if (failure !== null) throw new Error(failure)
