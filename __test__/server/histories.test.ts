// Random histories of connections: whatever both ends do in whatever order, what was promised of bytes and of events is kept.
// A history that goes wrong is shown as short as it could be made. The seeds are always the same; FDREACTOR_CONVERSATIONS_SEED
// says another first one, and FDREACTOR_CONVERSATIONS how many histories each case has.
import fc from 'fast-check'
import { conversations, print, settings } from '../helpers/conversations/ops.js'
import { converse } from '../helpers/conversations/run.js'
import { CASES } from '../helpers/matrix.js'
import test from '../helpers/test.js'

const { FDREACTOR_CONVERSATIONS_SEED: seedGiven, FDREACTOR_CONVERSATIONS: numberGiven } = process.env

for (const [index, which] of CASES.entries()) {
  const { backend, trigger, driver } = which
  test.serial(
    `both ends do what they like, and what was promised is kept::${backend}::${trigger}::${driver}`,
    async (t) => {
      t.timeout(60 * 60_000)
      let steps = 0
      const property = fc.asyncProperty(settings, conversations, async (setting, ops) => {
        steps += ops.length
        await converse(which, setting, ops)
      })
      const seed = Number(seedGiven ?? 1) + index
      const { counterexample, errorInstance } = await fc.check(property, {
        seed,
        numRuns: Number(numberGiven ?? 200),
      })
      if (counterexample !== null) {
        const [setting, ops] = counterexample
        t.fail(
          [
            `seed ${seed}: ${JSON.stringify(setting)}, after`,
            ...ops.map((op) => `  ${print(op)}`),
            String(errorInstance),
          ].join('\n'),
        )
      }
      t.log(`${backend} ${trigger} ${driver}: ${steps} steps, seeds ${seed} to ${seed}`)
      t.pass()
    },
  )
}
