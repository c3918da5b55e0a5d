// As much of macOS's SDK as a library of ours is linked against, made from the list of libSystem's symbols that zig carries:
// Apple's own may not be passed on.
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { which } from '../run.mjs'

/** The standard library names it, and uses nothing of it. */
const iconv = `--- !tapi-tbd
tbd-version: 4
targets: [ x86_64-macos, arm64-macos ]
install-name: '/usr/lib/libiconv.2.dylib'
exports:
  - targets: [ x86_64-macos, arm64-macos ]
    symbols: [ _iconv, _iconv_open, _iconv_close ]
...
`

/**
 * @param {string} zig the folder of the package ziglang
 * @param {string} scratch
 * @returns {string} the SDK; its `bin` holds the strip that rustc looks for
 */
export function makeSdk(zig, scratch) {
  const sdk = join(scratch, 'macos-sdk')
  rmSync(sdk, { recursive: true, force: true })
  mkdirSync(join(sdk, 'usr/lib'), { recursive: true })
  mkdirSync(join(sdk, 'bin'))
  // A processor that lld 19 does not know.
  const system = readFileSync(join(zig, 'lib/libc/darwin/libSystem.tbd'), 'utf8')
    .replaceAll(/,\s*arm64e\.x1-\w+/g, '')
    .replaceAll(/\barm64e\.x1-\w+,\s*/g, '')
  for (const name of ['libSystem', 'libc', 'libm']) writeFileSync(join(sdk, 'usr/lib', `${name}.tbd`), system)
  writeFileSync(join(sdk, 'usr/lib/libiconv.tbd'), iconv)
  symlinkSync(which('llvm-objcopy-19') ?? '', join(sdk, 'bin/rust-objcopy'))
  return sdk
}
