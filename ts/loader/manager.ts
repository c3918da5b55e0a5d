import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The lock files, each with what writes it. */
const LOCKS = [
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
  ['deno.lock', 'deno'],
  ['package-lock.json', 'npm'],
  ['npm-shrinkwrap.json', 'npm'],
] as const

export type Manager = (typeof LOCKS)[number][1]

/** How everything is installed anew. npm's lock file may be what leaves packages out, so it goes. */
const REINSTALL: Readonly<Record<Manager, string>> = {
  npm: 'rm -r node_modules package-lock.json && npm install --include=optional',
  pnpm: 'rm -r node_modules && pnpm install',
  // With Plug'n'Play there is no such folder.
  yarn: 'rm -rf node_modules && yarn install',
  bun: 'rm -r node_modules && bun install',
  deno: 'rm -rf node_modules && deno install --reload',
}

function byLockFile(start: string): Manager | undefined {
  for (let folder = start; ; folder = dirname(folder)) {
    const found = LOCKS.find(([file]) => existsSync(join(folder, file)))
    if (found !== undefined) return found[1]
    if (folder === dirname(folder)) return undefined
  }
}

/**
 * What installs packages here: what has started this process, or what has written the lock file above one of these folders.
 *
 * @param folders best first
 */
export function manager(folders: readonly string[]): Manager {
  const agent = /^(?:npm|pnpm|yarn|bun|deno)(?=\/)/.exec(process.env['npm_config_user_agent'] ?? '')?.[0]
  if (agent !== undefined) return agent as Manager
  for (const folder of folders) {
    const found = byLockFile(folder)
    if (found !== undefined) return found
  }
  const { bun, deno } = process.versions
  return bun !== undefined ? 'bun' : deno !== undefined ? 'deno' : 'npm'
}

export const reinstall = (name: Manager): string => REINSTALL[name]
