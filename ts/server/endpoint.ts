import type { Subject } from '../errors.js'
import { native } from '../native.js'
import type { Place } from './options.js'

/** A place as the addon takes it. */
export interface Endpoint {
  readonly host: string
  readonly port: number
  readonly scope: number
}

/** A literal address, with the number of its zone if it has one; `undefined` for a name. */
function literal(hostname: string): { readonly host: string; readonly scope: number } | undefined {
  const [address = '', zone, ...rest] = hostname.split('%')
  const family = process.getBuiltinModule('node:net').isIP(address)
  if (family === 0 || rest.length > 0) return undefined
  if (zone === undefined) return { host: address, scope: 0 }
  return family === 6 && /^\d{1,9}$/.test(zone) ? { host: address, scope: Number(zone) } : undefined
}

const known = (place: Place): Endpoint | undefined => {
  if (place.kind === 'unix') return { host: Buffer.from(place.path).toString('latin1'), port: -1, scope: 0 }
  const address = literal(place.hostname)
  return address === undefined ? undefined : { ...address, port: place.port }
}

function notFound(hostname: string): Error {
  const message = `getaddrinfo ENOTFOUND ${hostname}`
  return Object.assign(new Error(message), { code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname })
}

/** Where to listen. A name is looked up at once, which blocks; the first address counts. */
export function endpointNow(place: Place): Endpoint {
  const endpoint = known(place)
  if (endpoint !== undefined || place.kind === 'unix') return endpoint as Endpoint
  const [host] = native.NativeTraffic.lookup(place.hostname)
  if (host === undefined) throw notFound(place.hostname)
  return { host, port: place.port, scope: 0 }
}

/** Where to connect to: each address of a name, in the order of the resolver. */
export async function endpoints(place: Place): Promise<readonly Endpoint[]> {
  const endpoint = known(place)
  if (endpoint !== undefined || place.kind === 'unix') return [endpoint as Endpoint]
  // Not imported above, as in ../net/address.ts: most programs import more than they use.
  const found = await process.getBuiltinModule('node:dns/promises').lookup(place.hostname, { all: true })
  return found.map(({ address }) => ({ host: address, port: place.port, scope: 0 }))
}

/** What an error about a place says. */
export function about(place: Place, { host, port, scope }: Endpoint): Subject {
  if (place.kind === 'unix') return { address: place.path }
  return { address: scope === 0 ? host : `${host}%${scope}`, port }
}
