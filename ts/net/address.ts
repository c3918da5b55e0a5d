import { argumentType, argumentValue } from '../errors.js'
import type { NativeAddress } from '../native.js'
import { integer } from '../validate.js'

/** One end of a connection. */
export interface SocketAddress {
  /** The IP address; of a link-local IPv6 one with its scope, as in `fe80::1%2`. */
  readonly address: string
  /** Of which kind `address` is. */
  readonly family: 'IPv4' | 'IPv6'
  /** 0 to 65,535. */
  readonly port: number
}

/** An address as the addon takes it. */
export interface Target {
  readonly host: string
  readonly scope: number
  readonly port: number
}

export function fromNative({ address, family, port, scope }: NativeAddress): SocketAddress {
  return {
    address: scope === 0 ? address : `${address}%${scope}`,
    family: family === 4 ? 'IPv4' : 'IPv6',
    port,
  }
}

/** A literal IP address and a port. Names are the caller's to resolve: it may take long, and there may be several answers. */
export function parseTarget(host: unknown = '127.0.0.1', port?: unknown): Target {
  if (typeof host !== 'string') throw argumentType('options.host', 'a string', host)
  // An import of it would be a twelfth of what importing this library takes.
  const { isIP } = process.getBuiltinModule('node:net')
  const [address = '', zone, ...rest] = host.split('%')
  const scope = zone === undefined ? 0 : /^\d{1,9}$/.test(zone) ? Number(zone) : Number.NaN
  if (
    isIP(address) === 0 ||
    rest.length > 0 ||
    Number.isNaN(scope) ||
    (zone !== undefined && isIP(address) !== 6)
  ) {
    const expected =
      "a literal IPv4 or IPv6 address, such as '127.0.0.1', '::1' or 'fe80::1%2' (resolve names with node:dns first)"
    throw argumentValue('options.host', expected, host)
  }
  return { host: address, scope, port: integer(port, 'options.port', 0, 65_535) }
}

/** What an error about `target` says. */
export function about({ host, scope, port }: Target): { address: string; port: number } {
  return { address: scope === 0 ? host : `${host}%${scope}`, port }
}
