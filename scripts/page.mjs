// What the scripts that write figures into the docs share: tables, and the part of a page that is theirs.
import { format, resolveConfig } from 'prettier'

/** @typedef {import('../benches/shared/report/sheet.js').Sheet} Sheet */

/** @param {string} text */
export const escaped = (text) => text.replaceAll('|', String.raw`\|`)

/** @param {readonly string[]} cells */
const line = (cells) => `| ${cells.map((each) => escaped(each)).join(' | ')} |`

/**
 * A table in Markdown.
 *
 * @param {readonly { readonly text: string, readonly isNumber?: boolean }[]} head
 * @param {readonly (readonly string[])[]} rows
 */
export function table(head, rows) {
  return [
    line(head.map(({ text }) => text)),
    line(head.map(({ isNumber }) => (isNumber ? '--:' : ':--'))),
    ...rows.map((cells) => line(cells)),
  ].join('\n')
}

/** @param {Sheet} sheet */
export function sheetText({ title, note, head, rows }) {
  const texts = rows.map((cells) => cells.map(({ text }) => text))
  return [`### ${title}`, ...(note === '' ? [] : [note]), table(head, texts)].join('\n\n')
}

/** @param {readonly (readonly [string, string])[]} about */
export const factsText = (about) => about.map(([name, value]) => `- ${name}: ${value}`).join('\n')

/**
 * A text as `npm run format` would leave it in this file.
 *
 * @param {string} file
 * @param {string} text
 */
export const formatted = async (file, text) =>
  format(text, { ...(await resolveConfig(file)), filepath: file })

/**
 * The page with the part that belongs to a script made anew.
 *
 * @param {string} file the page, for what is said and how it is formatted
 * @param {string} before
 * @param {string} script
 * @param {string} content
 */
export async function rewrite(file, before, script, content) {
  const [begin, end] = [`<!-- figures: ${script} -->`, '<!-- end of figures -->']
  const [head, rest] = before.split(begin)
  const tail = rest?.split(end)[1]
  if (head === undefined || tail === undefined) throw new Error(`${file} lacks ${begin} or ${end}`)
  const made = await formatted(file, content)
  return `${head}${begin}\n\n${made}\n${end}${tail}`
}
