import { readFileSync } from 'node:fs'

/** Every parameter and every option that index.d.ts has, sorted. */
export function listPlaces(): string[] {
  const text = readFileSync(new URL('../../index.d.ts', import.meta.url), 'utf8')
  const places = new Set<string>()
  for (const section of text.split(/^export declare /m).slice(1)) {
    const [, kind = '', name = ''] = /^(?:abstract )?(\w+) (\w+)/.exec(section) ?? []
    if (/Options$|Limits$|^Interest$|^Source$/.test(name) && kind === 'interface')
      for (const [, key] of section.matchAll(/^ {2}readonly (\w+)\??: /gm)) places.add(`${name}.${key}`)
    for (const [, method, list = ''] of section.matchAll(
      /^ {2}(?:static |readonly )*(\w+)(?:<\w+>)?(?:: )?\(([^)]+)\)/gm,
    ))
      for (const [, key] of list.matchAll(/(?:^|, )(\w+)\??: /g)) places.add(`${name}.${method}(${key})`)
  }
  return [...places].toSorted()
}

/** Whether it is about servers and their connections. */
export const isOfServers = (name: string): boolean =>
  /^(?:Listen|Connect|Duplex)Options\.|^(?:Connection|Server)(?:Limits|Duplex)?\./.test(name)
