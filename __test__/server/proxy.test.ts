// parseProxyHeader: every valid header by every prefix of it, lies about lengths, and anything at all.
import fc from 'fast-check'
import { parseProxyHeader } from '../../dist/index.js'
import type { ProxyHeader } from '../../dist/index.js'
import test from '../helpers/test.js'

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const code = 'ERR_FDREACTOR_PROXY_HEADER'

const word = (value: number): Buffer => Buffer.from([value >> 8, value & 255])
const tlv = (type: number, value: Buffer): Buffer =>
  Buffer.concat([Buffer.from([type]), word(value.length), value])

/** A header of version 2 whose length is true unless another one is given. */
function binary(kind: number, what: number, rest: Buffer, length = rest.length): Buffer {
  return Buffer.concat([SIGNATURE, Buffer.from([kind, what]), word(length), rest])
}

const path = (name: string): Buffer => Buffer.concat([Buffer.from(name)], 108)
const ports = Buffer.concat([word(56_324), word(443)])
const v4 = Buffer.concat([Buffer.from([192, 168, 0, 1, 192, 168, 0, 11]), ports])
const v6 = Buffer.concat([
  Buffer.from('20010db8000000000000000000000001', 'hex'),
  Buffer.from('00000000000000000000ffffc0000201', 'hex'),
  ports,
])

const nobody = {
  family: undefined,
  transport: undefined,
  source: undefined,
  destination: undefined,
  tlvs: [],
}
const end = (address: string, port: number, family: 'IPv4' | 'IPv6' | 'unix' = 'IPv4') => ({
  address,
  family,
  port,
})
const four = {
  command: 'proxy',
  family: 'IPv4',
  transport: 'stream',
  source: end('192.168.0.1', 56_324),
  destination: end('192.168.0.11', 443),
  tlvs: [],
} as const

/** Headers, and what they say beside their length. */
const VALID: readonly (readonly [name: string, bytes: Buffer, expected: Omit<ProxyHeader, 'length'>])[] = [
  ['TCP over IPv4', binary(0x21, 0x11, v4), { version: 2, ...four }],
  ['UDP over IPv4', binary(0x21, 0x12, v4), { version: 2, ...four, transport: 'datagram' }],
  [
    'TCP over IPv6',
    binary(0x21, 0x21, v6),
    {
      version: 2,
      ...four,
      family: 'IPv6',
      source: end('2001:db8::1', 56_324, 'IPv6'),
      destination: end('::ffff:192.0.2.1', 443, 'IPv6'),
    },
  ],
  [
    'a UNIX stream',
    binary(0x21, 0x31, Buffer.concat([path('/run/a.sock'), path('\0name')])),
    {
      version: 2,
      ...four,
      family: 'unix',
      source: end('/run/a.sock', 0, 'unix'),
      destination: end('\0name', 0, 'unix'),
    },
  ],
  [
    'a UNIX datagram, its paths as long as they can be, and none',
    binary(0x21, 0x32, Buffer.concat([path('x'.repeat(108)), path('')])),
    {
      version: 2,
      ...four,
      family: 'unix',
      transport: 'datagram',
      source: end('x'.repeat(108), 0, 'unix'),
      destination: end('', 0, 'unix'),
    },
  ],
  [
    'additions',
    binary(
      0x21,
      0x11,
      Buffer.concat([
        v4,
        tlv(2, Buffer.from('example.org')),
        tlv(4, Buffer.alloc(0)),
        tlv(0xea, Buffer.alloc(300, 7)),
      ]),
    ),
    {
      version: 2,
      ...four,
      tlvs: [
        { type: 2, value: Buffer.from('example.org') },
        { type: 4, value: Buffer.alloc(0) },
        { type: 0xea, value: Buffer.alloc(300, 7) },
      ],
    },
  ],
  ['a local connection', binary(0x20, 0x00, Buffer.alloc(0)), { version: 2, command: 'local', ...nobody }],
  ['a local connection with an address', binary(0x20, 0x11, v4), { version: 2, command: 'local', ...nobody }],
  [
    'a local connection with anything',
    binary(0x20, 0xff, Buffer.alloc(5, 1)),
    { version: 2, command: 'local', ...nobody },
  ],
  ['an unknown family', binary(0x21, 0x01, Buffer.alloc(7, 1)), { version: 2, command: 'proxy', ...nobody }],
  ['an unknown transport', binary(0x21, 0x10, v4), { version: 2, command: 'proxy', ...nobody }],
  ['TCP4', Buffer.from('PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n'), { version: 1, ...four }],
  [
    'TCP6, as long as it can be',
    Buffer.from(`PROXY TCP6 ${'ffff:'.repeat(7)}ffff ${'ffff:'.repeat(7)}fffe 65535 65535\r\n`),
    {
      version: 1,
      ...four,
      family: 'IPv6',
      source: end(`${'ffff:'.repeat(7)}ffff`, 65_535, 'IPv6'),
      destination: end(`${'ffff:'.repeat(7)}fffe`, 65_535, 'IPv6'),
    },
  ],
  ['UNKNOWN', Buffer.from('PROXY UNKNOWN\r\n'), { version: 1, command: 'proxy', ...nobody }],
  [
    'UNKNOWN, as long as it can be',
    Buffer.from(`PROXY UNKNOWN ${'ffff:'.repeat(7)}ffff ${'ffff:'.repeat(7)}ffff 65535 65535\r\n`),
    { version: 1, command: 'proxy', ...nobody },
  ],
]

for (const [name, bytes, expected] of VALID) {
  test(`${name}: each beginning is incomplete, and what follows is left alone`, (t) => {
    for (let length = 0; length < bytes.length; length += 1)
      t.is(parseProxyHeader(bytes.subarray(0, length)), undefined, `${length} bytes`)
    const whole = { length: bytes.length, ...expected }
    t.deepEqual(parseProxyHeader(bytes), whole)
    t.deepEqual(parseProxyHeader(Buffer.concat([bytes, Buffer.from('PROXY ')])), whole)
    // It may lie anywhere in its memory, in shared memory too.
    const room = new Uint8Array(new SharedArrayBuffer(bytes.length + 6), 3, bytes.length)
    room.set(bytes)
    t.deepEqual(parseProxyHeader(room), whole)
  })
}

test('additions are views of what was parsed', (t) => {
  const bytes = binary(0x21, 0x11, Buffer.concat([v4, tlv(5, Buffer.from('id'))]))
  const value = parseProxyHeader(bytes)?.tlvs[0]?.value
  t.is(value?.buffer, bytes.buffer)
  bytes[bytes.length - 1] = 0x21
  t.is(value?.toString(), 'i!')
})

test('the longest header is 65,551 bytes', (t) => {
  const rest = Buffer.concat([v4, tlv(4, Buffer.alloc(65_535 - v4.length - 3))])
  const bytes = binary(0x21, 0x11, rest)
  t.is(parseProxyHeader(bytes.subarray(0, -1)), undefined)
  t.is(parseProxyHeader(bytes)?.length, 65_551)
})

const REFUSED: readonly (readonly [name: string, bytes: Buffer, message: RegExp])[] = [
  ['something else', Buffer.from('GET / HTTP/1.1\r\n'), /begin with the signature.*Received 0x47 0x45 0x54/],
  ['a signature that goes wrong', Buffer.from('\r\n\r\n\0\r\nQUIS', 'latin1'), /begin with the signature/],
  ['version 1 in binary', binary(0x11, 0x11, v4), /version 2.*Received 0x11/],
  ['version 3', binary(0x31, 0x11, v4), /version 2.*Received 0x31/],
  ['another command', binary(0x22, 0x11, v4), /command 0 or 1.*Received 0x22/],
  ['another family', binary(0x21, 0x41, v4), /family from 0 to 3.*Received 0x41/],
  ['another transport', binary(0x21, 0x13, v4), /transport from 0 to 2.*Received 0x13/],
  [
    'less than two IPv4 addresses',
    binary(0x21, 0x11, v4, 11),
    /at least 12 bytes of IPv4 addresses\. Its length says 11/,
  ],
  ['less than two IPv6 addresses', binary(0x21, 0x21, v6, 35), /at least 36 bytes of IPv6/],
  ['less than two paths', binary(0x21, 0x31, Buffer.alloc(216), 215), /at least 216 bytes of unix/],
  [
    'an addition cut off in its length',
    binary(0x21, 0x11, Buffer.concat([v4, Buffer.from([4, 0])])),
    /One at 0 needs 3 bytes, and 2 are left/,
  ],
  [
    'an addition beyond the header',
    binary(0x21, 0x11, Buffer.concat([v4, tlv(4, Buffer.alloc(2)), Buffer.from([4, 0, 9, 1])])),
    /One at 5 needs 12 bytes, and 4 are left/,
  ],
  [
    'a line without an end',
    Buffer.from(`PROXY TCP4 ${'1'.repeat(100)}`),
    /end within 107 bytes in version 1/,
  ],
  [
    'a line with a line feed alone',
    Buffer.from(`PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\n${' '.repeat(70)}`),
    /end within 107 bytes/,
  ],
  ...[
    'PROXY',
    'PROXY ',
    'PROXY TCP4',
    'PROXY TCP5 1.2.3.4 1.2.3.4 1 2',
    'PROXY TCP4 1.2.3.4 1.2.3.4 1',
    'PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3',
    'PROXY TCP4  1.2.3.4 1.2.3.4 1 2',
    'PROXY TCP4 1.2.3.4 1.2.3.4 1 65536',
    'PROXY TCP4 1.2.3.4 1.2.3.4 01 2',
    'PROXY TCP4 1.2.3.4 1.2.3.4 -1 2',
    'PROXY TCP4 1.2.3.4 1.2.3.256 1 2',
    'PROXY TCP4 ::1 ::1 1 2',
    'PROXY TCP6 1.2.3.4 1.2.3.4 1 2',
    'PROXY TCP6 fe80::1%1 ::1 1 2',
    'proxy UNKNOWN',
  ].map((line) => [`'${line}'`, Buffer.from(`${line}\r\n`), /must (be|begin with)/] as const),
]

for (const [name, bytes, message] of REFUSED)
  test(`${name} is refused`, (t) => {
    const error = t.throws(() => parseProxyHeader(bytes), { code, message })
    t.regex(error.message, /^A PROXY protocol header must .*\. Does the proxy in front send one\?$/s)
  })

test('only bytes are parsed', (t) => {
  for (const wrong of [
    undefined,
    null,
    'PROXY UNKNOWN\r\n',
    [],
    new DataView(new ArrayBuffer(1)),
    new Uint16Array(1),
  ])
    t.throws(() => parseProxyHeader(wrong as never), {
      code: 'ERR_INVALID_ARG_TYPE',
      message: /^"bytes" must be a Buffer or Uint8Array\. Received /,
    })
  const gone = new Uint8Array(20)
  structuredClone(gone, { transfer: [gone.buffer] })
  t.is(parseProxyHeader(gone), undefined)
  // What a view says of itself does not count.
  const liar = Object.defineProperty(Buffer.from('GET /'), 'length', { value: 0 })
  t.throws(() => parseProxyHeader(liar), { code })
})

/** What came of it: a header, undefined, or the code of what was thrown. */
function outcome(bytes: Uint8Array): ProxyHeader | string | undefined {
  try {
    return parseProxyHeader(bytes)
  } catch (error) {
    return (error as { code: string }).code
  }
}

const anything = fc.uint8Array({ maxLength: 300 })
/** Bytes that get far: a signature and mostly true words, then anything. */
const likely = fc
  .tuple(
    fc.constantFrom(0x20, 0x21),
    fc.constantFrom(0, 0x11, 0x12, 0x21, 0x31, 0x41),
    fc.integer({ min: 0, max: 300 }),
    anything,
  )
  .map(([kind, what, length, rest]) => binary(kind, what, Buffer.from(rest), length))
const line = fc
  .array(fc.constantFrom('TCP4', 'TCP6', 'UNKNOWN', '1.2.3.4', '::1', '0', '443', '65536', '', '\r', '\n'), {
    maxLength: 9,
  })
  .map((words) => Buffer.from(`PROXY ${words.join(' ')}\r\n`))

test('any bytes are a header, the beginning of one, or refused; more of them change nothing that is settled', (t) => {
  let headers = 0
  const property = fc.property(fc.oneof(anything, likely, line), anything, (bytes, more) => {
    const found = outcome(bytes)
    const later = outcome(Buffer.concat([bytes, more]))
    if (typeof found === 'string') return found === code && later === code
    if (found === undefined) return true
    headers += 1
    const held = found.tlvs.reduce((sum, { value }) => sum + value.length, 0)
    const isBounded = found.length <= bytes.length && held <= found.length
    return isBounded && JSON.stringify(later) === JSON.stringify(found)
  })
  t.notThrows(() => fc.assert(property, { numRuns: 5000 }))
  t.true(headers > 100, `only ${headers} headers came up`)
})

test('every length that a header can claim is believed only as far as it can be true', (t) => {
  for (let length = 0; length <= 300; length += 1) {
    const bytes = binary(0x21, 0x21, Buffer.concat([v6, Buffer.alloc(20)]), length)
    const found = outcome(bytes)
    // Zeroes are additions of type 0 without a value, three bytes each.
    if (length < 36 || (length <= 56 && (length - 36) % 3 !== 0)) t.is(found, code, `${length}`)
    else if (length > 56) t.is(found, undefined, `${length}`)
    else t.is((found as ProxyHeader).tlvs.length, (length - 36) / 3, `${length}`)
  }
})
