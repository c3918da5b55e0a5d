// Urgent data, and the files that tell a change as such.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ready } from '../../dist/index.js'
import { fine, run } from '../helpers/child.js'
import { awaitReady } from '../helpers/descriptors.js'
import { kit } from '../helpers/kit.js'
import { CASES, each, isEdge, tellsHangUp } from '../helpers/matrix.js'
import { surplus, tellsPriority } from '../helpers/observe.js'
import test from '../helpers/test.js'

const byte = Buffer.from('x')

// libuv's test-poll-oob
each(
  'fault-80 urgent data is priority, in every turn until it is read, an edge once',
  { where: tellsPriority },
  async (t, rig) => {
    const { client, server } = rig.pair()
    const seen: number[] = []
    rig.watch(client, { priority: true }, (readiness) => seen.push(readiness))
    server.write(byte)
    awaitReady(client, { readable: true })
    t.is(await surplus(rig, 2), 0)
    kit.sendUrgent(server.fd)
    awaitReady(client, { priority: true })
    await rig.turns(3)
    t.deepEqual(new Set(seen), new Set([Ready.PRIORITY]))
    t.true(isEdge(rig) ? seen.length === 1 : seen.length >= 3)
    t.is(kit.receive(client.fd, 4, { urgent: true }), 1)
    t.is(await surplus(rig, 2), 0)
    t.is(client.read(Buffer.alloc(4)), 1)
  },
)

each('fault-80 urgent data of a oneshot is told once an arming', { where: tellsPriority }, async (t, rig) => {
  const { client, server } = rig.pair()
  kit.sendUrgent(server.fd)
  awaitReady(client, { priority: true })
  const seen: number[] = []
  const registration = rig.watch(client, { priority: true, oneshot: true }, (readiness) =>
    seen.push(readiness),
  )
  await rig.turns(2)
  t.deepEqual(seen, [Ready.PRIORITY])
  await rig.turns(2, () => registration.rearm())
  t.deepEqual(seen, [Ready.PRIORITY, Ready.PRIORITY])
})

each('fault-80 urgent data that is not asked for is not told', { where: tellsPriority }, async (t, rig) => {
  const { client, server } = rig.pair()
  kit.sendUrgent(server.fd)
  awaitReady(client, { priority: true })
  const seen: number[] = []
  await rig.turns(1, () => {
    rig.watch(client, { readable: true, writable: true }, (readiness) => seen.push(readiness))
  })
  t.deepEqual(seen, [Ready.WRITABLE])
})

each(
  'fault-80 urgent data in front of a hang-up keeps its registration armed until it is read',
  { where: (which) => tellsPriority(which) && tellsHangUp(which) },
  async (t, rig) => {
    const { client, server } = rig.pair()
    kit.sendUrgent(server.fd)
    client.shutdown('write')
    server.close()
    awaitReady(client, { disconnect: true })
    const seen: string[] = []
    const registration = rig.watch(client, { priority: true }, (readiness, { state }) => {
      seen.push(`${readiness} ${state}`)
    })
    const urgent = `${Ready.PRIORITY | Ready.HANGUP} armed`
    await rig.turns(2)
    t.deepEqual(new Set(seen), new Set([urgent]))
    kit.receive(client.fd, 4, { urgent: true })
    await rig.turns(2, () => {
      seen.length = 0
      registration.rearm()
    })
    t.deepEqual(seen, [`${Ready.HANGUP} parked`])
    t.is(await surplus(rig, 3), 0)
  },
)

/** Whether a process of ours may have mounts of its own. */
const mayMount =
  process.platform === 'linux' &&
  spawnSync('unshare', ['-m', 'sh', '-c', 'mount -t tmpfs none /tmp'], { stdio: 'ignore' }).status === 0

if (mayMount) {
  // This file forgets a change as soon as anybody asks, and on the loop the host's own set asks before ours.
  for (const { backend, trigger, driver } of CASES.filter((which) => which.driver !== 'loop')) {
    // tokio-rs/tokio#4885: the kernel puts an error beside it, each time.
    test(`fault-80 each mount is a priority event of /proc/self/mounts::${backend}::${trigger}::${driver}`, async (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'fdreactor-mounts-'))
      t.teardown(() => rmSync(folder, { recursive: true }))
      const told = backend === 'select' ? Ready.PRIORITY : Ready.PRIORITY | Ready.ERROR
      const outcome = await run(
        `import { execFileSync } from 'node:child_process'
        const reactor = new Reactor(options)
        const seen = []
        reactor.register(kit.open('/proc/self/mounts', 0), { priority: true, trigger }, (readiness, { state }) => {
          seen.push(readiness + ' ' + state)
        })
        const turns = async (count) => {
          for (let times = 0; times < count; times += 1) { if (driver === 'manual') reactor.poll(0); await sleep(1) }
        }
        await turns(5)
        console.log(seen.length)
        for (let mounts = 1; mounts <= 3; mounts += 1) {
          execFileSync('mount', ['-t', 'tmpfs', 'none', ${JSON.stringify(folder)}])
          while (seen.length < mounts) await turns(1)
          await turns(5)
        }
        console.log(seen.join())
        reactor.close()`,
        { args: [backend, driver, trigger], wrapper: ['unshare', '-m'] },
      )
      t.deepEqual(outcome, fine(`0\n${Array(3).fill(`${told} armed`).join()}\n`))
    })
  }
}
