import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { deadLinks } from '../../scripts/docs/links.mjs'
import test from '../helpers/test.js'
import type { ExecutionContext } from '../helpers/test.js'

function site(t: ExecutionContext, pages: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'fdreactor-site-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  for (const [file, html] of Object.entries(pages)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), html)
  }
  return folder
}

test('links to files, folders, anchors, other sites and addresses are all right', (t) => {
  const folder = site(t, {
    'index.html': `<h1 id="top">A</h1><a href="#top">1</a><a href="docs/">2</a><a class="x" href="docs/a%20b.html?q=1#it&#39;s">3</a>
      <a href="https://example.org/nothing#no">4</a><a href="mailto:nobody@example.org">5</a><img src="docs/p.png" alt="">
      <script>const html = '<a href="in a script">'</script><!-- <a href="in a comment"> -->`,
    'docs/index.html': '<a href="../index.html#top">6</a>',
    'docs/a b.html': `<h2 id="it&#39;s">B</h2>`,
    'docs/p.png': '',
  })
  t.deepEqual(deadLinks(folder), { dead: [], pages: 3, links: 5 })
})

test('every link that leads nowhere is named with its page, once', (t) => {
  const folder = site(t, {
    'index.html': `<a href="none.html">1</a><a href="none.html">2</a><a href="docs/a.html#none">3</a><img src="none.png" alt="">
      <a href="/docs/a.html">4</a><a href="../index.html">5</a><a href="#none">6</a>`,
    'docs/a.html': '<h2 id="some">A</h2>',
  })
  t.deepEqual(deadLinks(folder).dead, [
    'index.html: nothing is at none.html',
    'index.html: docs/a.html has no #none',
    'index.html: nothing is at none.png',
    // It would depend on where the site stands.
    'index.html: nothing is at /docs/a.html',
    'index.html: nothing is at ../index.html',
    'index.html: index.html has no #none',
  ])
})
