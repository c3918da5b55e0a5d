import { isIP } from 'node:net'
import { argumentType, libraryError } from '../errors.js'
import { stretch } from '../validate.js'
import { bytesOf, isBytes } from './bytes.js'
import type { EndAddress } from './connection.js'

/** What a proxy has added to the addresses. */
export interface ProxyTlv {
  /** What it is, 0 to 255: 0x01 ALPN, 0x02 the host name that the client asked for, 0x20 about TLS; the specification lists them. */
  readonly type: number
  /** Up to 65,532 bytes, in the memory that was parsed. */
  readonly value: Uint8Array
}

/** What a proxy says of a connection before its first byte. */
export interface ProxyHeader {
  /** Bytes of the header. What follows is the connection's own. At most 65,551. */
  readonly length: number
  /** 1 is the text, 2 the binary form. */
  readonly version: 1 | 2
  /** `'proxy'`: for a client. `'local'`: by the proxy itself, for a health check say; then nothing else is told. */
  readonly command: 'proxy' | 'local'
  /** The kind of the client's connection; `undefined` if the proxy does not know or does not tell. */
  readonly family: 'IPv4' | 'IPv6' | 'unix' | undefined
  /** `'datagram'` is UDP or its like. */
  readonly transport: 'stream' | 'datagram' | undefined
  /** The client; `undefined` as `family` is: then the connection's own address is all there is. */
  readonly source: EndAddress | undefined
  /** Where the client connected to. */
  readonly destination: EndAddress | undefined
  /** What else is told, in order; empty in version 1, and where `family` is `undefined`. */
  readonly tlvs: readonly ProxyTlv[]
}

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
/** The signature, version and command, family and transport, and the length of the rest. */
const FIXED = 16
const TEXT_SIGNATURE = Buffer.from('PROXY ', 'latin1')
/** The longest line, with its end. */
const MAX_TEXT = 107

const COMMANDS = ['local', 'proxy'] as const
const FAMILIES = [undefined, 'IPv4', 'IPv6', 'unix'] as const
const TRANSPORTS = [undefined, 'stream', 'datagram'] as const
/** What two addresses and their ports take. */
const SIZES = { IPv4: 12, IPv6: 36, unix: 216 } as const

/**
 * Parses a header of the PROXY protocol, with which HAProxy, nginx and load balancers tell a server whom they connect for. Versions 1
 * and 2, as https://github.com/haproxy/haproxy/blob/master/doc/proxy-protocol.txt specifies them; which it is shows in the first byte.
 *
 * Ask for one only where every peer is such a proxy: whoever else connects can claim to be anybody. Without I/O: the bytes of a
 * connection are gathered until there is a header, and what follows it belongs to the connection.
 *
 * @param bytes All that has come of the connection so far.
 * @returns The header, or `undefined` while these bytes are only the beginning of one. A checksum (TLV 0x03) is not verified.
 * @throws `ERR_FDREACTOR_PROXY_HEADER` as soon as they cannot become one any more; `ERR_INVALID_ARG_TYPE`.
 */
export function parseProxyHeader(bytes: Uint8Array): ProxyHeader | undefined {
  if (!isBytes(bytes)) throw argumentType('bytes', 'a Buffer or Uint8Array', bytes)
  const size = stretch(bytes, undefined, undefined)
  if (size === 0) return undefined
  const { buffer, byteOffset } = bytesOf(bytes, 0, size)
  const header = Buffer.from(buffer, byteOffset, size)
  if (begins(header, TEXT_SIGNATURE))
    return header.length < TEXT_SIGNATURE.length ? undefined : parseText(header)
  if (!begins(header, SIGNATURE))
    throw malformed(`begin with the signature of version 1 or 2. Received ${hex(header.subarray(0, 12))}`)
  return parseBinary(header)
}

/** Whether bytes begin with a signature, as far as they go. */
function begins(bytes: Buffer, signature: Buffer): boolean {
  const length = Math.min(bytes.length, signature.length)
  return bytes.compare(signature, 0, length, 0, length) === 0
}

function parseBinary(bytes: Buffer): ProxyHeader | undefined {
  const kind = bytes[12]
  if (kind === undefined) return undefined
  const command = COMMANDS[kind & 15]
  if (kind >> 4 !== 2 || command === undefined)
    throw malformed(
      `have version 2 and command 0 or 1 (0x20 or 0x21) as its byte 12. Received ${hex([kind])}`,
    )
  const what = bytes[13]
  if (what === undefined) return undefined
  const isKnown = what >> 4 < FAMILIES.length && (what & 15) < TRANSPORTS.length
  if (!isKnown && command === 'proxy')
    throw malformed(
      `have a family from 0 to 3 and a transport from 0 to 2 as its byte 13. Received ${hex([what])}`,
    )
  // What a proxy says of a connection of its own is to be skipped.
  const family = command === 'local' ? undefined : FAMILIES[what >> 4]
  const transport = TRANSPORTS[what & 15]
  if (bytes.length < FIXED) return undefined
  const length = FIXED + bytes.readUInt16BE(14)
  const least = family === undefined || transport === undefined ? 0 : SIZES[family]
  if (length < FIXED + least)
    throw malformed(`have at least ${least} bytes of ${family} addresses. Its length says ${length - FIXED}`)
  if (bytes.length < length) return undefined
  const known = { length, version: 2, command } as const
  if (family === undefined || transport === undefined)
    return {
      ...known,
      family: undefined,
      transport: undefined,
      source: undefined,
      destination: undefined,
      tlvs: [],
    }
  const [source, destination] = addresses(family, bytes.subarray(FIXED, FIXED + least))
  const tlvs = parseTlvs(bytes.subarray(FIXED + least, length))
  return { ...known, family, transport, source, destination, tlvs }
}

function addresses(family: keyof typeof SIZES, bytes: Buffer): readonly [EndAddress, EndAddress] {
  if (family === 'unix') {
    const end = (path: Buffer): EndAddress => ({ address: pathOf(path), family, port: 0 })
    return [end(bytes.subarray(0, 108)), end(bytes.subarray(108))]
  }
  const size = family === 'IPv4' ? 4 : 16
  const text = family === 'IPv4' ? ipv4 : ipv6
  const end = (index: 0 | 1): EndAddress => ({
    address: text(bytes.subarray(index * size, (index + 1) * size)),
    family,
    port: bytes.readUInt16BE(2 * size + 2 * index),
  })
  return [end(0), end(1)]
}

/** A path ends at its first null byte; a name outside the file system begins with one. */
function pathOf(bytes: Buffer): string {
  const end = bytes.indexOf(0, bytes[0] === 0 ? 1 : 0)
  const path = bytes.toString('utf8', 0, end < 0 ? bytes.length : end)
  return path === '\0' ? '' : path
}

const ipv4 = (bytes: Uint8Array): string => bytes.join('.')

/** As inet_ntop(3) writes it. */
function ipv6(bytes: Buffer): string {
  const words = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16))
  const { hostname } = new URL(`http://[${words.join(':')}]`)
  const text = hostname.slice(1, -1)
  return words.slice(0, 6).join(':') === '0:0:0:0:0:ffff' ? `::ffff:${ipv4(bytes.subarray(12))}` : text
}

function parseTlvs(bytes: Buffer): readonly ProxyTlv[] {
  const tlvs: ProxyTlv[] = []
  for (let at = 0; at < bytes.length;) {
    const left = bytes.length - at - 3
    const size = left < 0 ? 0 : bytes.readUInt16BE(at + 1)
    if (left < size)
      throw malformed(
        `hold its additions (TLVs). One at ${at} needs ${3 + size} bytes, and ${left + 3} are left`,
      )
    tlvs.push({ type: bytes[at] as number, value: bytes.subarray(at + 3, at + 3 + size) })
    at += 3 + size
  }
  return tlvs
}

const TEXT_FAMILIES = { TCP4: 'IPv4', TCP6: 'IPv6' } as const

function parseText(bytes: Buffer): ProxyHeader | undefined {
  const end = bytes.subarray(0, MAX_TEXT).indexOf('\r\n')
  if (end < 0) {
    if (bytes.length < MAX_TEXT) return undefined
    throw malformed(`end within ${MAX_TEXT} bytes in version 1. Received ${quoted(bytes)}`)
  }
  const [, kind, ...words] = bytes.toString('latin1', 0, end).split(' ')
  const known = { length: end + 2, version: 1, command: 'proxy', tlvs: [] } as const
  if (kind === 'UNKNOWN')
    return { ...known, family: undefined, transport: undefined, source: undefined, destination: undefined }
  const family = kind === 'TCP4' || kind === 'TCP6' ? TEXT_FAMILIES[kind] : undefined
  const [from, to, fromPort, toPort] = words
  const source = textEnd(family, from, fromPort)
  const destination = textEnd(family, to, toPort)
  if (family === undefined || source === undefined || destination === undefined || words.length !== 4)
    throw malformed(
      `be 'PROXY UNKNOWN' or 'PROXY TCP4' (or TCP6) with two addresses and two ports in version 1. Received ${quoted(bytes)}`,
    )
  return { ...known, family, transport: 'stream', source, destination }
}

function textEnd(family: 'IPv4' | 'IPv6' | undefined, address = '', port = ''): EndAddress | undefined {
  if (family === undefined || isIP(address) !== (family === 'IPv4' ? 4 : 6) || address.includes('%'))
    return undefined
  return /^(?:0|[1-9]\d{0,4})$/.test(port) && Number(port) <= 65_535
    ? { address, family, port: Number(port) }
    : undefined
}

const hex = (bytes: Iterable<number>): string =>
  Array.from(bytes, (byte) => `0x${byte.toString(16).padStart(2, '0')}`).join(' ')

const quoted = (bytes: Buffer): string => JSON.stringify(bytes.toString('latin1', 0, MAX_TEXT))

function malformed(expected: string): Error {
  return libraryError(
    'ERR_FDREACTOR_PROXY_HEADER',
    `A PROXY protocol header must ${expected}. Does the proxy in front send one?`,
  )
}
