// Finds the links within a static site that lead nowhere.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

const entities = /** @type {Readonly<Record<string, string>>} */ ({
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  '#39': "'",
})

/** @param {string} text of an attribute */
const decode = (text) => text.replaceAll(/&(amp|lt|gt|quot|#39);/g, (whole, name) => entities[name] ?? whole)

/**
 * @param {string} html
 * @param {string} names of attributes, with bars between them
 */
function attributes(html, names) {
  // What stands in a script or a comment is no markup.
  const markup = html.replaceAll(/(<script\b[^>]*>)[^]*?<\/script>|<!--[^]*?-->/g, '$1')
  const attribute = new RegExp(`\\s(?:${names})="([^"]*)"`, 'g')
  return [...markup.matchAll(/<[a-z][^>]*>/g)].flatMap(([tag]) =>
    [...tag.matchAll(attribute)].map(([, value = '']) => decode(value)),
  )
}

/**
 * @param {string} site a folder
 * @returns {{ dead: string[], pages: number, links: number }}
 */
export function deadLinks(site) {
  const pages = readdirSync(site, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.html'))
    .toSorted()
  /** @type {Map<string, { html: string, names: Set<string> }>} */
  const read = new Map()
  for (const file of pages) {
    const html = readFileSync(join(site, file), 'utf8')
    read.set(join(site, file), { html, names: new Set(attributes(html, 'id|name')) })
  }
  /** @type {Set<string>} */
  const dead = new Set()
  let links = 0
  for (const [file, { html }] of read) {
    for (const link of attributes(html, 'href|src')) {
      if (/^(?:[a-z][a-z+.-]*:|\/\/)/i.test(link)) continue
      links += 1
      const [path = '', anchor] = link.split('#')
      const [plain = ''] = path.split('?')
      let target = plain === '' ? file : join(dirname(file), decodeURIComponent(plain))
      if (existsSync(target) && statSync(target).isDirectory()) target = join(target, 'index.html')
      const isOutside = relative(site, target).startsWith('..')
      if (plain.startsWith('/') || isOutside || !existsSync(target))
        dead.add(`${relative(site, file)}: nothing is at ${link}`)
      else if (anchor && read.has(target) && !read.get(target)?.names.has(decodeURIComponent(anchor)))
        dead.add(`${relative(site, file)}: ${relative(site, target)} has no #${anchor}`)
    }
  }
  return { dead: [...dead], pages: pages.length, links }
}
