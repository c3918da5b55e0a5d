import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'

const tests = fileURLToPath(new URL('../..', import.meta.url))

/** Stands for helpers/test.ts: it declares no test, and remembers what it was called. */
const RECORDER = `
const record = (title) => { if (typeof title === 'string') (globalThis.titles ??= []).push(title) }
for (const name of ['serial', 'skip', 'only', 'failing', 'todo', 'before', 'beforeEach', 'after', 'afterEach']) record[name] = record
export default record
export const test = record
`

const asModule = (source: string): string => `data:text/javascript,${encodeURIComponent(source)}`

const HOOK = `
export async function resolve(specifier, context, next) {
  const resolved = await next(specifier, context)
  if (!resolved.url.includes('/__test__/helpers/test.')) return resolved
  return { url: ${JSON.stringify(asModule(RECORDER))}, format: 'module', shortCircuit: true }
}
`

/** The titles of all tests, by loading their files in a process in which nothing is run. */
export function listTitles(): Promise<readonly string[]> {
  const files = readdirSync(tests, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => pathToFileURL(`${tests}${file}`).href)
  const register = asModule(
    `import { register } from 'node:module'; register(${JSON.stringify(asModule(HOOK))})`,
  )
  const script = `
    for (const file of ${JSON.stringify(files)}) await import(file)
    process.stdout.write(JSON.stringify(globalThis.titles), () => process.exit())`
  const child = spawn(
    process.execPath,
    ['--import=tsx', `--import=${register}`, '--input-type=module', '--eval', script],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let written = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    written += text
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve(JSON.parse(written) as string[])
      else reject(new Error(`the files of the tests cannot be loaded: ${code}`))
    })
  })
}
