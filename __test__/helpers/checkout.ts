/** The tree that is tested, in a repository of its own, for what looks at the state of the tree or changes it. */
import { execFile, execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ExecutionContext } from './test.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Outcome {
  readonly code: number
  readonly output: string
}

export interface Checkout {
  readonly folder: string
  /** Runs a program in the folder. */
  run(line: readonly string[], env?: NodeJS.ProcessEnv): Promise<Outcome>
  read(file: string): string
  edit(file: string, change: (text: string) => string): void
  commit(): void
}

const AUTHOR = ['-c', 'user.name=nobody', '-c', 'user.email=nobody@localhost', '-c', 'commit.gpgsign=false']

function execute(
  cwd: string,
  [program = '', ...args]: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd, env: { ...process.env, ...env } }, (error, stdout, stderr) => {
      if (error === null) resolve({ code: 0, output: stdout })
      else if (typeof error.code === 'number') resolve({ code: error.code, output: stdout + stderr })
      else reject(new Error(`${program} ended badly`, { cause: error }))
    })
  })
}

/** What is committed and what is built, with nothing left to commit. */
export function checkout(t: ExecutionContext): Checkout {
  const folder = mkdtempSync(join(tmpdir(), 'fdreactor-checkout-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
  for (const file of [...new Set(listed.split('\0'))].filter((name) => name !== '')) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    try {
      cpSync(join(root, file), join(folder, file))
    } catch (error) {
      // Deleted, and that is not committed yet.
      if ((error as { code?: string }).code !== 'ENOENT') throw error
    }
  }
  for (const built of ['dist', 'build/stamps'])
    cpSync(join(root, built), join(folder, built), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const commit = (): void => {
    execFileSync('git', ['add', '--all'], { cwd: folder })
    execFileSync('git', [...AUTHOR, 'commit', '--quiet', '--message=as it is'], { cwd: folder })
  }
  execFileSync('git', ['init', '--quiet'], { cwd: folder })
  // The pattern of .gitignore is for a folder, and this is a link.
  writeFileSync(join(folder, '.git/info/exclude'), 'node_modules\n')
  commit()
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8')
  return {
    folder,
    run: (line, env) => execute(folder, line, env),
    read,
    edit: (file, change) => writeFileSync(join(folder, file), change(read(file))),
    commit,
  }
}
