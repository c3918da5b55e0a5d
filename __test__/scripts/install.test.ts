// What the installation tests do, without installing anything.
import { asCommonJs, example } from '../../scripts/install/example.mjs'
import { cases } from '../../scripts/install/cases.mjs'
import { managers } from '../../scripts/install/managers.mjs'
import { plan } from '../../scripts/install/plan.mjs'
import test from '../helpers/test.js'

test('every package manager installs and uninstalls, and every row has something to do', (t) => {
  for (const own of ['node20', 'node24']) {
    const rows = plan(own)
    t.deepEqual([...new Set(rows.map(({ manager }) => manager))].toSorted(), Object.keys(managers).toSorted())
    t.deepEqual([...new Set(rows.map(({ what }) => what))].toSorted(), Object.keys(cases).toSorted())
    for (const key of Object.keys(managers)) {
      const done = rows.filter(({ manager }) => manager === key).map(({ what }) => what)
      t.is(done[0], 'install')
      t.is(done.filter((what) => what === 'uninstall').length, 1)
    }
  }
})

test('no row is there twice, and the part that CI runs installs what it uses', (t) => {
  const rows = plan('node20')
  const titles = rows.map(({ manager, runtime, what }) => `${manager} ${runtime} ${what}`)
  t.is(new Set(titles).size, titles.length)
  const part = rows.filter(({ inPart }) => inPart)
  t.true(part.length > 15)
  // They make a project of their own.
  const apart = new Set([
    'lock file of another system',
    'epoll override',
    'no optional packages',
    'no install scripts',
  ])
  const installed = new Set(part.filter(({ what }) => what === 'install').map(({ manager }) => manager))
  for (const { manager, what } of part)
    t.true(apart.has(what) || installed.has(manager), `${manager} ${what}`)
})

test("the readme's example is taken as it stands, on a free port", (t) => {
  const readme =
    "# It\n\n```sh\nnpm start\n```\n\n```ts\nimport { a, b } from 'fdreactor'\nb({ port: 7000 })\n```\n"
  t.is(example(readme), "import { a, b } from 'fdreactor'\nb({ port: 0 })\n")
  t.is(asCommonJs(example(readme)), "const { a, b } = require('fdreactor')\nb({ port: 0 })\n")
  t.throws(() => example('# It\n'), { message: /has no example/ })
  t.throws(() => example(readme.replace('7000', '7001')), { message: /does not listen on port 7000/ })
  t.throws(() => asCommonJs("import all from 'fdreactor'\n"), { message: /imports in a way/ })
})
