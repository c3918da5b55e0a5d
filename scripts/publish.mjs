// Publishes what scripts/stage.mjs laid out, in its order, so that nothing asks for a package that is not there yet. What the
// registry has already is left alone: a release that broke off can be run again.
import { run } from './run.mjs'

/** @typedef {{ registry?: string, dryRun?: boolean, provenance?: boolean, env?: NodeJS.ProcessEnv, say?: (text: string) => void }} PublishOptions */

/**
 * @param {readonly import('./stage.mjs').Staged[]} staged
 * @param {PublishOptions} [options]
 * @throws {Error} with what npm said
 */
export async function publish(
  staged,
  { registry, dryRun = false, provenance = true, env = {}, say = () => {} } = {},
) {
  const place = registry === undefined ? [] : [`--registry=${registry}`]
  for (const { name, version, folder } of staged) {
    const wanted = `${name}@${version}`
    // A trial asks nobody.
    if (!dryRun) {
      const there = await run('npm', ['view', wanted, 'version', '--json', ...place], { env, cwd: folder })
      if (there.code === 0 && there.output.includes(version)) {
        say(`${wanted} is there already`)
        continue
      }
      if (there.code !== 0 && !there.output.includes('E404')) throw new Error(there.output)
    }
    const how = [`--provenance=${provenance && !dryRun}`, '--access=public', '--ignore-scripts']
    // A version such as 1.0.0-rc.1 must not become what everybody gets.
    const tag = version.includes('-') ? 'next' : 'latest'
    const args = ['publish', ...how, `--tag=${tag}`, ...(dryRun ? ['--dry-run'] : []), ...place]
    const { code, output } = await run('npm', args, { env, cwd: folder })
    if (code !== 0) throw new Error(`npm ${args.join(' ')} in ${folder}:\n${output}`)
    say(dryRun ? `${wanted} would be published` : `${wanted} is published`)
  }
}
