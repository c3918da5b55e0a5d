// The platforms that get a prebuilt binary, in one table: what builds them, the packages in npm/, the loader's test and
// the release read it.

/**
 * @typedef {object} Platform
 * @property {string} name as in `@fdreactor/linux-x64-gnu` and `fdreactor.linux-x64-gnu.node`
 * @property {string} triple Rust's name of the target
 * @property {'linux' | 'darwin' | 'freebsd'} os as npm and `process.platform` say it
 * @property {'x64' | 'arm64'} cpu as npm and `process.arch` say it
 * @property {'glibc' | 'musl'} [libc] as npm says it
 */

/** @satisfies {readonly Platform[]} */
export const platforms = /** @type {const} */ ([
  { name: 'linux-x64-gnu', triple: 'x86_64-unknown-linux-gnu', os: 'linux', cpu: 'x64', libc: 'glibc' },
  { name: 'linux-x64-musl', triple: 'x86_64-unknown-linux-musl', os: 'linux', cpu: 'x64', libc: 'musl' },
  { name: 'linux-arm64-gnu', triple: 'aarch64-unknown-linux-gnu', os: 'linux', cpu: 'arm64', libc: 'glibc' },
  { name: 'linux-arm64-musl', triple: 'aarch64-unknown-linux-musl', os: 'linux', cpu: 'arm64', libc: 'musl' },
  { name: 'darwin-x64', triple: 'x86_64-apple-darwin', os: 'darwin', cpu: 'x64' },
  { name: 'darwin-arm64', triple: 'aarch64-apple-darwin', os: 'darwin', cpu: 'arm64' },
  { name: 'freebsd-x64', triple: 'x86_64-unknown-freebsd', os: 'freebsd', cpu: 'x64' },
])

/** @param {string} name of a platform */
export const packageOf = (name) => `@fdreactor/${name}`

/** @param {string} name of a platform */
export const binaryOf = (name) => `fdreactor.${name}.node`

/** Where `scripts/prebuild.mjs` leaves the binaries: `build/prebuilds/linux-x64-gnu/fdreactor.linux-x64-gnu.node`. */
export const prebuilds = 'build/prebuilds'
