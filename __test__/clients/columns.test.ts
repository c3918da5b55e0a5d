// Programs that others wrote, and for other servers, get every byte back from each way to run this one. `npm test` gives each
// program some of them, so that every way has its programs; `node scripts/clients.mjs` gives each all of them, and more bytes.
import { columns, each, startColumn, withWorkers } from '../helpers/echo-columns.js'
import { programs } from '../helpers/echo-programs.js'

const MIB = 1024 * 1024

const isWhole = process.env['FDREACTOR_CLIENTS'] === 'all'
const size = isWhole ? 16 * MIB : 8 * MIB

const all = [...columns, ...withWorkers]
const stride = 4

for (const [number, program] of programs.entries()) {
  each(
    `${program.name} gets every byte back`,
    async (t, column) => {
      const server = await startColumn(t, column, ['--quiet'])
      await t.notThrowsAsync(program.run(server, { size }))
      await server.connections(0)
      t.like(await server.status(), { kept: 0 })
      t.is(server.errors, '')
    },
    {
      tools: program.tools,
      isHere: program.isHere ?? true,
      on: isWhole ? all : all.filter((_column, index) => (index + number) % stride === 0),
    },
  )
}
