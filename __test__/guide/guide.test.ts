// The guide quotes what is: files of examples/, and what commands print.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fillIn, pages } from '../../scripts/guide.mjs'
import { isLinux } from '../helpers/echo-process.js'
import { runtime } from '../helpers/runtime.js'
import test from '../helpers/test.js'

const root = fileURLToPath(new URL('../../', import.meta.url))

const SCENES = ['accept-edge', 'half-close', 'hang-up', 'level-edge', 'oneshot', 'select-limit', 'stale-fd']

/** Columns are what a system has, and Deno leaves out two programs. */
const quoted = isLinux && runtime === 'node' ? test.serial : test.serial.skip

for (const page of pages) {
  const text = readFileSync(page, 'utf8')

  quoted(`docs/guide/${basename(page)} quotes what is (node scripts/guide.mjs writes it anew)`, async (t) => {
    t.is(await fillIn(text), text)
  })

  test(`the links of docs/guide/${basename(page)} lead somewhere`, (t) => {
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, link = '']) => link)
    t.deepEqual(
      links.filter((link) => !existsSync(join(dirname(page), link))),
      [],
    )
  })
}

test('the guide quotes every scene and every example but the larger parts of the relay', (t) => {
  const text = pages.map((page) => readFileSync(page, 'utf8')).join('\n')
  const scenes = [...text.matchAll(/^<!-- output: fdreactor demo (\S+) -->$/gm)].map(([, name]) => name)
  t.is(scenes.length, SCENES.length)
  for (const name of SCENES) t.true(scenes.includes(name), name)
  const examples = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.mjs'))
  t.true(examples.length > 5)
  for (const name of examples) t.true(text.includes(`<!-- file: examples/${name} -->`), name)
  t.true(text.includes('<!-- file: examples/relay/flow.mjs -->'))
})

test('a quotation that has changed is found', async (t) => {
  const page =
    '<!-- file: LICENSE -->\n\nold\n\n<!-- end -->\n\nbetween\n\n<!-- file: LICENSE -->\n<!-- end -->\n'
  const licence = `<!-- file: LICENSE -->\n\n\`\`\`\n${readFileSync(join(root, 'LICENSE'), 'utf8')}\`\`\`\n\n<!-- end -->\n`
  t.is(await fillIn(page), `${licence}\nbetween\n\n${licence}`)
  await t.throwsAsync(fillIn('<!-- output: node no-such-file.mjs -->\n<!-- end -->\n'), {
    message: /no-such-file\.mjs ended with status 1/,
  })
})
