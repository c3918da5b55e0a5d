// The programs that scripts/cache.mjs brings, in one table. What each version was tried with is in docs/runtimes.md and
// docs/installing.md.

/** @typedef {import('./cache.mjs').Program} Program */

const { platform, arch } = process

/**
 * @param {string} name
 * @param {string} version
 */
const node = (name, version) => ({ name, source: `node-${platform}-${arch}@${version}`, file: 'bin/node' })

/**
 * @param {string} name
 * @param {string} version
 */
const npm = (name, version) => ({ name, source: `npm@${version}`, file: 'bin/npm-cli.js' })

/** @satisfies {Readonly<Record<string, Program>>} */
export const programs = {
  node20: node('node20', '20.20.2'),
  node22: node('node22', '22.23.3'),
  node24: node('node24', '24.21.0'),
  node26: node('node26', '26.12.1'),
  bun: {
    name: 'bun',
    source: `@oven/bun-${platform}-${arch === 'arm64' ? 'aarch64' : arch}@1.4.5`,
    file: 'bin/bun',
  },
  deno: {
    name: 'deno',
    source: `@deno/${platform}-${arch}${platform === 'linux' ? '-glibc' : ''}@2.9.6`,
    file: 'deno',
  },

  // A peer of the benches; it is built when it is installed.
  epoll: { name: 'epoll', source: 'epoll@4.0.2', file: 'epoll.js', builds: true },

  npm10: npm('npm10', '10.9.9'),
  npm11: npm('npm11', '11.21.2'),
  npm12: npm('npm12', '12.2.2'),
  pnpm10: { name: 'pnpm10', source: 'pnpm@10.34.9', file: 'bin/pnpm.cjs' },
  // The package pnpm needs its install script to find this.
  pnpm12: { name: 'pnpm12', source: `@pnpm/exe.${platform}-${arch}@12.21.0`, file: 'pnpm' },
  yarn1: { name: 'yarn1', source: 'yarn@1.22.22', file: 'bin/yarn.js' },
  yarn4: { name: 'yarn4', source: '@yarnpkg/cli-dist@4.18.1', file: 'bin/yarn.js' },

  verdaccio: {
    name: 'verdaccio',
    source: 'verdaccio@6.10.4',
    file: 'build/index.js',
    // What it audits with asks for a tag instead of a version.
    overrides: { 'node-fetch': '2.7.0' },
  },
}
