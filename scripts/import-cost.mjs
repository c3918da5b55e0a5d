// What it costs to import the package: the files that are loaded and their size, which decide it, and the time, which is
// only told: it depends on the machine, and on what else it does.
import { spawnSync } from 'node:child_process'
import { statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** Tells each module that is loaded. */
const hooks = `
import { writeSync } from 'node:fs'
export async function load(url, context, next) {
  writeSync(1, url + '\\n')
  return next(url, context)
}`

/**
 * @param {string} folder of the project that imports it, where files may be written
 * @param {string} name that is imported
 * @returns {{ files: string[], bytes: number }} what is loaded, addons included, and the bytes of JavaScript in it
 */
export function loadedFiles(folder, name) {
  writeFileSync(join(folder, 'hooks.mjs'), hooks)
  const script = join(folder, 'count.mjs')
  writeFileSync(
    script,
    `import { createRequire, register } from 'node:module'
    register('./hooks.mjs', import.meta.url)
    await import('${name}')
    for (const file of Object.keys(createRequire(import.meta.url).cache)) console.log('file://' + file)`,
  )
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${name} cannot be imported:\n${stderr}`)
  const files = [
    ...new Set(
      stdout
        .split('\n')
        .filter((url) => url.startsWith('file://'))
        .map((url) => fileURLToPath(url)),
    ),
  ]
  const scripts = files.filter((file) => !file.endsWith('.node'))
  return {
    files: files.map((file) => basename(file)),
    bytes: scripts.reduce((sum, file) => sum + statSync(file).size, 0),
  }
}

const runs = 9

/**
 * The milliseconds of processes that import one of these each, in turn: in the best case, and of processor time in the median.
 *
 * @param {string} folder where a file may be written
 * @param {readonly string[]} names
 */
export function importTimes(folder, names) {
  const script = join(folder, 'time.mjs')
  writeFileSync(
    script,
    `const [start, used] = [performance.now(), process.cpuUsage()]
    await import(process.argv[2])
    const wall = performance.now() - start
    const { user, system } = process.cpuUsage(used)
    console.log(JSON.stringify([wall, (user + system) / 1000]))`,
  )
  /** @type {[wall: number, processor: number][][]} */
  const times = names.map(() => [])
  for (let round = 0; round < runs; round++) {
    for (const [index, name] of names.entries()) {
      const { stdout } = spawnSync(process.execPath, [script, name], { encoding: 'utf8' })
      times[index]?.push(JSON.parse(stdout))
    }
  }
  return times.map((all) => ({
    best: Math.min(...all.map(([wall]) => wall)),
    processor: all.map(([, used]) => used).toSorted((a, b) => a - b)[(runs - 1) / 2] ?? Number.NaN,
  }))
}

/** An empty module, to compare with. @param {string} folder */
export function emptyModule(folder) {
  const file = join(folder, 'empty.mjs')
  writeFileSync(file, 'export {}\n')
  return pathToFileURL(file).href
}
