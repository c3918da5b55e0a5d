import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import test from '../helpers/test.js'

const cli = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

for (const args of [['demo', 'all'], ['doctor'], ['--help']]) {
  test(`whoever closes the output early hears no complaint: ${args.join(' ')}`, async (t) => {
    const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    // Long before it writes.
    child.stdout.destroy()
    let complaint = ''
    child.stderr.on('data', (text: Buffer) => {
      complaint += text.toString()
    })
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
    t.deepEqual({ code, signal, complaint }, { code: 0, signal: null, complaint: '' })
  })
}
