import { Reactor, Ready } from '../dist/index.js'
import { openLoop } from './helpers/descriptors.js'
import type { Descriptor } from './helpers/descriptors.js'
import { openFile } from './helpers/kit.js'
import { Rig } from './helpers/matrix.js'
import type { Case } from './helpers/matrix.js'
import test from './helpers/test.js'

const FD_SETSIZE = 1024
const nothing = (): void => {}

/** Opens files until the next descriptor lies beyond what select takes, and runs `body`. */
async function beyondTheLimit(body: () => void | Promise<void>): Promise<void> {
  const files: Descriptor[] = []
  try {
    do {
      files.push(openFile('/dev/null'))
    } while ((files.at(-1)?.fd ?? 0) < FD_SETSIZE)
    await body()
  } finally {
    for (const file of files) file.close()
  }
}

const cases: readonly Case[] = [
  { backend: 'select', trigger: 'level', driver: 'manual' },
  { backend: 'select', trigger: 'level', driver: 'thread' },
]

for (const which of cases) {
  const suffix = `::${which.backend}::${which.trigger}::${which.driver}`

  // weechat/weechat#465, rsyslog/rsyslog#1728, open62541/open62541#6188
  test.serial(
    `fault-82 select refuses a descriptor from 1,024 on and says what takes it${suffix}`,
    async (t) => {
      const rig = new Rig(which)
      t.is(rig.reactor.capabilities.maxFd, FD_SETSIZE - 1)
      await beyondTheLimit(() => {
        const loop = rig.own(openLoop())
        t.true(loop.fd >= FD_SETSIZE)
        t.throws(() => rig.watch(loop, { readable: true }, nothing), {
          instanceOf: RangeError,
          code: 'ERR_FDREACTOR_FD_LIMIT',
          message:
            'select takes descriptors from 0 to 1,023 (FD_SETSIZE). Use epoll, kqueue or poll, or close some descriptors ' +
            `first (fd ${loop.fd})`,
        })
        t.is(rig.reactor.size, 0)
      })
      rig.close()
    },
  )

  test.serial(
    `fault-82 select beyond its limit watches what it is given when told to${suffix}`,
    async (t) => {
      const rig = new Rig(which, { unboundedSelect: true })
      t.is(rig.reactor.capabilities.maxFd, Number.POSITIVE_INFINITY)
      await beyondTheLimit(async () => {
        const loop = rig.own(openLoop())
        const seen: number[] = []
        await rig.turns(2, () => {
          rig.watch(loop, { readable: true, writable: true }, (readiness) => seen.push(readiness))
        })
        t.deepEqual(seen, [Ready.WRITABLE, Ready.WRITABLE])
      })
      rig.close()
    },
  )
}

test.serial(
  'fault-82 a select reactor whose own descriptor would lie beyond the limit is refused',
  async (t) => {
    await beyondTheLimit(() => {
      t.throws(() => new Reactor({ backend: 'select' }), {
        instanceOf: RangeError,
        code: 'ERR_FDREACTOR_FD_LIMIT',
        message: /^select takes descriptors from 0 to 1,023/,
      })
      const reactor = new Reactor({ backend: 'select', unboundedSelect: true })
      t.is(reactor.size, 0)
      reactor.close()
    })
  },
)

test.serial('fault-82 the other backends take descriptors beyond the limit of select', async (t) => {
  await beyondTheLimit(() => {
    for (const backend of ['auto', 'poll'] as const) {
      using reactor = new Reactor({ backend, driver: 'manual' })
      const loop = openLoop()
      reactor.register(loop, { writable: true }, nothing)
      t.is(reactor.poll(), 1)
      loop.close()
    }
  })
})
