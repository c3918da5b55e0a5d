// The faults that others shipped and reported. Each has a number, and each number has its tests: their titles begin with it.
import { readFileSync, readdirSync } from 'node:fs'
import test from '../helpers/test.js'

/** Where each was reported. The gaps are cases of the same kinds. */
const REPORTS: Readonly<Record<number, string>> = {
  // Identity, stale events, reused descriptors
  1: 'tokio-rs/mio#219',
  2: 'tokio-rs/mio#1205',
  3: 'tokio-rs/mio#808',
  4: 'tokio-rs/mio#184, wasmerio/wasmer#6608',
  5: 'creytiv/re#266',
  6: 'golang/go#59545',
  8: 'libuv/libuv#1148',
  9: 'joyent/libuv#1099',
  10: 'libuv/libuv#1172',
  11: 'libuv/libuv#4323',
  13: 'jiixyj/epoll-shim#7',
  14: 'ehsanmok/flare#10',
  15: 'python/cpython#83420',
  16: 'Martiusweb/asynctest#3',
  19: 'lesismal/nbio#144',
  21: 'fivdi/epoll#5',
  22: 'libuv/help#7',
  23: 'tokio-rs/mio#1204',
  // Hang-ups, errors, half-closes
  24: 'libuv/libuv#2162',
  26: 'oven-sh/bun#37077',
  27: 'scylladb/seastar#1945',
  28: 'nodejs/node#11307, libuv/libuv#2922',
  29: 'wlanslovenija/tunneldigger#148',
  30: 'joyent/libuv#982',
  32: 'tokio-rs/tokio#4349',
  33: 'tokio-rs/tokio#6632',
  34: 'sebi2k1/node-can#215',
  35: 'netty/netty#4317, netty/netty#3709',
  37: 'netty/netty#6173',
  39: 'libuv/libuv#4992',
  40: 'microsoft/node-pty#85, microsoft/node-pty#178, ocaml-multicore/eio#902',
  41: 'panjf2000/gnet#529',
  42: 'libuv/libuv#2428',
  43: 'python/cpython#73903',
  // Level, edge, oneshot
  44: 'tokio-rs/mio#45',
  46: 'smol-rs/polling#11',
  47: 'fivdi/epoll, test/two-shot.js',
  48: 'vibe-d/eventcore#20',
  50: 'zeromq/libzmq#3641, zeromq/pyzmq#1075, JustinTulloss/zeromq.node#528, Smithay/calloop#171',
  51: 'libuv/libuv#3671',
  53: 'tokio-rs/mio#1049',
  54: 'none: it follows from 10 and 44',
  // Accepting, and running out of descriptors
  55: 'oven-sh/bun#32705',
  57: 'denoland/deno#10148, denoland/deno#15281',
  58: 'libevent/libevent#71',
  59: 'tiny-http/tiny-http#283, tiny-http/tiny-http#284',
  60: 'oven-sh/bun#36140',
  61: 'none: it follows from 44 and 55',
  // Servers
  62: 'oven-sh/bun#41785',
  64: 'oven-sh/bun#37077',
  65: 'panjf2000/gnet#714',
  67: 'bnoordhuis/node-unix-dgram#41',
  69: 'denoland/deno#24247',
  // Kinds of descriptors
  71: 'nodejs/node#9285',
  72: 'nodejs/node#24048',
  73: 'nodejs/node#15439',
  74: 'nodejs/node#37780',
  75: 'circonus-labs/libmtev#682, tokio-file-unix#2',
  77: 'nodejs/node#42826',
  80: 'tokio-rs/tokio#4885',
  81: 'canboat/canboatjs#416',
  82: 'weechat/weechat#465, rsyslog/rsyslog#1728, open62541/open62541#6188',
  83: 'libuv, tests poll_nested_epoll and poll_nested_kqueue',
  // The host
  84: 'fivdi/onoff#184, sebi2k1/node-can#97',
  85: 'fivdi/epoll#42',
  86: 'nodejs/node#34567',
  88: 'napi-rs/napi-rs#518, napi-rs/napi-rs#612, oxc-project/oxc#18723',
  89: 'napi-rs/napi-rs#1441, node-usb#9',
  90: 'napi-rs/napi-rs#2174, nodejs/abi-stable-node#279',
  91: 'nodejs/node#14425, nodejs/node#5691, nodejs/node#15604, nodejs/help#2586',
  93: 'napi-rs/napi-rs#2456',
  94: 'denoland/deno#36317, oven-sh/bun#25220, oven-sh/bun#14830',
  96: 'fivdi/epoll#3, smol-rs/polling#164, tokio-rs/mio#1615, Python PEP 475',
  97: 'infinyon/node-bindgen#309, nodejs/node#33022',
}

/** Which faults the titles of a folder's tests name, and where. */
function named(folder: URL): readonly (readonly [fault: number, file: string])[] {
  const entries = readdirSync(folder, { withFileTypes: true })
  return entries.flatMap((entry) => {
    if (entry.isDirectory()) return named(new URL(`${entry.name}/`, folder))
    if (!entry.name.endsWith('.test.ts')) return []
    const text = readFileSync(new URL(entry.name, folder), 'utf8')
    return [...text.matchAll(/['"`]fault-(\d\d) \S/g)].map(
      ([, fault]) => [Number(fault), entry.name] as const,
    )
  })
}

test('every fault has a test, and every test that names one a fault', (t) => {
  const all = named(new URL('../', import.meta.url))
  const [tested, reported] = [new Set(all.map(([fault]) => String(fault))), new Set(Object.keys(REPORTS))]
  t.deepEqual(
    [...reported].filter((fault) => !tested.has(fault)),
    [],
    'without a test',
  )
  t.deepEqual(
    all.filter(([fault]) => !reported.has(String(fault))),
    [],
    'without a report',
  )
  t.is(reported.size, 74)
})
