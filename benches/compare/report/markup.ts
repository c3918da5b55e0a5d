import { createHash } from 'node:crypto'
import { plain } from '../../shared/report/format.js'

/** Text as HTML: a result may come from elsewhere. */
export function escape(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  }
  return plain(text).replaceAll(/[&<>"']/g, (sign) => entities[sign] ?? sign)
}

/** JSON that ends no script and starts no comment in one. */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', String.raw`\u003C`)
}

/** What a policy calls an inline script or style. */
export function hashOf(content: string): string {
  return `'sha256-${createHash('sha256').update(content).digest('base64')}'`
}
