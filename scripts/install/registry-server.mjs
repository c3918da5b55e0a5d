// A registry of npm packages on a free port of loopback, with no other registry behind it. Arguments: the path of verdaccio,
// the folder of its packages. Writes its address, and ends when its standard input does.
import { createRequire } from 'node:module'

const [verdaccio = '', storage = ''] = process.argv.slice(2)
const { runServer } = createRequire(import.meta.url)(verdaccio)
const server = await runServer({
  self_path: storage,
  storage,
  uplinks: {},
  packages: { '**': { access: '$all', publish: '$all' } },
  auth: {},
  middlewares: {},
  web: { enable: false },
  max_body_size: '100mb',
  // Everybody here is one address.
  userRateLimit: { windowMs: 1000, max: 1_000_000 },
  log: { type: 'stdout', format: 'json', level: 'error' },
})
server.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/`)
})
process.stdin.resume().on('end', () => process.exit())
