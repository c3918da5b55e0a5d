// The scenarios that scripts/epoll-equal.mjs runs on the package `epoll` as well, and what came of them there.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { differences } from '../helpers/epoll/differences.mjs'
import { outcomeOf, outcomesOf } from '../helpers/epoll/outcome.mjs'
import type { Outcome } from '../helpers/epoll/outcome.mjs'
import { apart, groups, scenarios } from '../helpers/epoll/scenarios/index.mjs'
import test from '../helpers/test.js'

const LIMIT_MS = 200_000

const ours = fileURLToPath(new URL('../../dist/epoll/index.js', import.meta.url))
const recorded = JSON.parse(
  readFileSync(new URL('../helpers/epoll/outcomes.json', import.meta.url), 'utf8'),
) as Record<string, { theirs: Outcome; ours?: Outcome }>

function expected(name: string): Outcome | undefined {
  const { ours: own, theirs } = recorded[name] ?? {}
  return own ?? theirs
}

for (const [group, members] of Object.entries(groups)) {
  const names = Object.keys(members)
  let outcomes: ReturnType<typeof outcomesOf> | undefined
  for (const name of names) {
    test(`epoll, ${group}: ${name}`, async (t) => {
      outcomes ??= outcomesOf(ours, names, LIMIT_MS)
      t.deepEqual((await outcomes).get(name), expected(name))
    })
  }
}

for (const name of Object.keys(apart)) {
  test.serial(`epoll: ${name}`, async (t) => {
    t.deepEqual(await outcomeOf(ours, name, LIMIT_MS), expected(name))
  })
}

test('each scenario has its record, and what differs has its reason', (t) => {
  t.deepEqual(Object.keys(recorded), Object.keys(scenarios))
  const different = Object.keys(recorded).filter((name) => recorded[name]?.ours !== undefined)
  t.deepEqual(different.toSorted(), Object.keys(differences).toSorted())
})

test('docs/epoll.md gives every reason in the same words, and the number of scenarios', (t) => {
  const text = readFileSync(new URL('../../docs/epoll.md', import.meta.url), 'utf8').replaceAll(/\s+/g, ' ')
  const missing = Object.values(differences).filter((reason) => !text.includes(` - ${reason} `))
  t.deepEqual(missing, [])
  t.true(text.includes(` ${Object.keys(scenarios).length} scenarios `))
})
