// The short programs of examples/, with exactly what they print.
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { fine, runFile } from '../helpers/child.js'
import test from '../helpers/test.js'

const folder = new URL('../../examples/', import.meta.url)

const snippets: Readonly<Record<string, string>> = {
  'readiness.mjs': `listener: READABLE
client: WRITABLE undefined
server: READABLE
server: READABLE READ_CLOSED
`,
  'draining.mjs': '1048576 bytes, and the end\n'.repeat(3),
  'oneshot.mjs': `begin first
end first
begin second
end second
`,
  'back-pressure.mjs': `sent 16777216 bytes
received 16777216 bytes
`,
  'hang-ups.mjs': `a peer ends after a question: answered 5 bytes
a peer closes: answered 0 bytes
a peer resets: ECONNRESET
`,
  'workers.mjs': `echo: hello
the worker has ended with status 0
`,
  'http-on-listen.mjs': `200 GET /hello from 127.0.0.1
closed
`,
  'several-cores.mjs': `10 answers: hello 0 ... hello 9
they have ended with status 0 and 0
`,
  'raw-descriptors.mjs': `one
two
the last writer has gone: HANGUP
`,
}

for (const [name, stdout] of Object.entries(snippets)) {
  test.serial(`examples/${name} prints what the guide says, and ends`, async (t) => {
    t.deepEqual(await runFile(fileURLToPath(new URL(name, folder))), fine(stdout))
  })
}

test.serial('every example is tested', (t) => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.mjs'))
  // It has a file of its own, as the relay has.
  t.deepEqual(files.toSorted(), [...Object.keys(snippets), 'http-and-reactor.mjs'].toSorted())
})
