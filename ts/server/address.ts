import type { native } from '../native.js'
import type { EndAddress } from './connection.js'

type NativeTraffic = InstanceType<typeof native.NativeTraffic>
type NativePeer = Exclude<ReturnType<NativeTraffic['localAddress']>, number>

const FAMILIES = { 4: 'IPv4', 6: 'IPv6' } as const

/** Latin-1 stands for bytes, which a path is. */
const pathOf = (bytes: string): string => Buffer.from(bytes, 'latin1').toString()

export function endAddress(peer: NativePeer): EndAddress {
  const { address, family, port, scope } = peer
  if (family !== 4 && family !== 6) return { address: pathOf(address), family: 'unix', port: 0 }
  return { address: scope === 0 ? address : `${address}%${scope}`, family: FAMILIES[family], port }
}
