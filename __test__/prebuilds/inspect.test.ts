import { readFileSync, readdirSync } from 'node:fs'
import { binaryOf, platforms, type Platform } from '../../scripts/platforms.mjs'
import { inspect, largest } from '../../scripts/prebuild/inspect.mjs'
import { entries, sections, stackFlags } from '../helpers/prebuilds/elf.js'
import { makeMachO, type Options } from '../helpers/prebuilds/macho.js'
import test from '../helpers/test.js'

function platform(name: string): Platform {
  const found = platforms.find((each) => each.name === name)
  if (found === undefined) throw new Error(`there is no ${name}`)
  return found
}

const mac = platform('darwin-arm64')

test('a library for macOS that is as it must be has no faults', (t) => {
  const { exports, needs, faults } = inspect(makeMachO(), mac)
  t.deepEqual(
    { exports, needs, faults },
    {
      exports: ['napi_register_module_v1'],
      needs: 'macOS 11.0',
      faults: [],
    },
  )
})

const doctoredForMac: Readonly<Record<string, { readonly options: Options; readonly fault: string }>> = {
  'another processor': { options: { cpu: 0x01000007 }, fault: 'it is for x64, not arm64' },
  'a path for a name': {
    options: { name: '/src/it.dylib' },
    fault: "its name is /src/it.dylib, not @rpath/ and a file's name",
  },
  'another library': {
    options: { libraries: ['/usr/lib/libSystem.B.dylib', '/usr/lib/libz.1.dylib'] },
    fault: 'it needs /usr/lib/libz.1.dylib',
  },
  'a search path': {
    options: { searchPaths: ['@loader_path'] },
    fault: 'it looks for libraries in @loader_path',
  },
  'a newer system': { options: { minimum: [12, 3] }, fault: 'it needs macOS 12.3, not 11.0' },
  'a further export': {
    options: { exports: ['_napi_register_module_v1', '_other'] },
    fault: 'it exports napi_register_module_v1, other',
  },
  'no export': { options: { exports: [] }, fault: 'it exports nothing' },
  'symbols that stripping takes away': {
    options: { locals: ['_a', '_b', '_c', '_d'] },
    fault: 'it is not stripped: _a, _b, _c, ...',
  },
  'no signature': { options: { signed: false }, fault: 'its signature is none, not ad-hoc' },
}

for (const [name, { options, fault }] of Object.entries(doctoredForMac)) {
  test(`a library for macOS with ${name} is refused for that`, (t) => {
    t.deepEqual(inspect(makeMachO(options), mac).faults, [fault])
  })
}

test('a library for macOS that was changed after it was signed is refused for that', (t) => {
  const file = makeMachO()
  // In the last page, far from everything that is read.
  const at = file.lastIndexOf(Buffer.alloc(64, 1))
  file[at] = 2
  t.deepEqual(inspect(file, mac).faults, ['its signature is stale, not ad-hoc'])
})

test('a library for another system is refused', (t) => {
  t.deepEqual(inspect(Buffer.alloc(1000), mac).faults, ['it is no library for darwin'])
  t.deepEqual(inspect(makeMachO(), platform('linux-x64-musl')).faults, ['it is no library for linux'])
})

// The addon that was built here is one of these, larger than what is published and of this machine; so what a change
// adds to its faults is looked at.
if (process.platform === 'linux') {
  const folder = new URL('../../dist/native/', import.meta.url)
  const [, name = ''] = /fdreactor\.([\w-]+)\.node/.exec(readdirSync(folder).join(' ')) ?? []
  const host = platform(name)
  const addon = readFileSync(new URL(binaryOf(name), folder))
  const before = inspect(addon, host)

  test('the addon that was built here exports its entry only, is stripped, stays, and is for this processor', (t) => {
    t.deepEqual(before.exports, ['napi_register_module_v1'])
    t.regex(before.needs, /^glibc 2\.\d+$/)
    t.deepEqual(
      before.faults.filter((fault) => !/^it (?:has|says|needs) /.test(fault)),
      [],
    )
  })

  const tags = { needed: 1, runpath: 29n, flags: 0x6ffffffb }
  const symtab = 2

  /** A part of the file where it first stands. */
  const replaced = (file: Buffer, from: string, to: string): void => {
    file.write(to, file.indexOf(from), 'latin1')
  }

  const doctored: Readonly<Record<string, { change: (file: Buffer) => Buffer | void; fault: RegExp }>> = {
    'of more than 600,000 bytes': {
      change: (file) => Buffer.concat([file, Buffer.alloc(largest)]),
      fault: /^it has \d{7} bytes, more than 600000$/,
    },
    "that names somebody's folder": {
      change: (file) => Buffer.concat([file, Buffer.from('\0/home/somebody/src/lib.rs\0')]),
      fault: /^it says \/home\/somebody\/src\/lib\.rs$/,
    },
    'that exports something else': {
      change: (file) => replaced(file, 'napi_register_module_v1', 'napi_register_module_v9'),
      fault: /^it exports napi_register_module_v9$/,
    },
    'that needs a newer glibc': {
      change: (file) =>
        replaced(file, /GLIBC_2\.\d\d/.exec(file.toString('latin1'))?.[0] ?? '', 'GLIBC_2.99'),
      fault: /^it needs glibc 2\.99, newer than 2\.17$/,
    },
    'that looks for libraries in a folder': {
      change: (file) => {
        file.writeBigUInt64LE(tags.runpath, entries(file, tags.needed)[0])
      },
      fault: /^it looks for libraries in \S+\.so\.\d+$/,
    },
    'that can be unloaded': {
      change: (file) => {
        file.writeBigUInt64LE(0n, (entries(file, tags.flags)[0] ?? 0) + 8)
      },
      fault: /^it can be unloaded$/,
    },
    'for another processor': {
      change: (file) => {
        file.writeUInt16LE(process.arch === 'x64' ? 183 : 62, 18)
      },
      fault: /^it is for (?:x64|arm64), not (?:x64|arm64)$/,
    },
    'with a table of symbols': {
      change: (file) => {
        // Of constructors: there is one, and nothing else reads it.
        file.writeUInt32LE(symtab, (sections(file, 14)[0] ?? 0) + 4)
      },
      fault: /^it is not stripped: \.init_array$/,
    },
    'with a stack that can be executed': {
      change: (file) => {
        file.writeUInt32LE(7, stackFlags(file))
      },
      fault: /^it asks for a stack that can be executed$/,
    },
    'that ends too early': {
      change: (file) => file.subarray(0, 4096),
      fault: /^it cannot be read: RangeError/,
    },
  }

  for (const [what, { change, fault }] of Object.entries(doctored)) {
    test(`an addon ${what} is refused for that`, (t) => {
      const file = Buffer.from(addon)
      const { faults } = inspect(change(file) ?? file, host)
      const added = faults.filter((each) => !before.faults.includes(each))
      t.true(
        added.some((each) => fault.test(each)),
        added.join('\n'),
      )
    })
  }

  test('folders that the builder names are found too', (t) => {
    const file = Buffer.concat([addon, Buffer.from('/opt/builder/it')])
    const { faults } = inspect(file, host, ['/opt/builder', '/opt/other'])
    t.true(faults.includes('it says /opt/builder'))
    t.false(faults.includes('it says /opt/other'))
  })
}
