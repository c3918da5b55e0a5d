import type { SocketAddress } from '../index.js'
import type { Counts } from './counts.js'
import type { EchoOptions } from './options.js'

/** What a Worker is started with. */
export interface Task {
  readonly options: EchoOptions
  readonly host: string
}

/** What a Worker is told. */
export type Order = 'stop' | 'status'

/** What it answers. An error loses its code when it travels, so that goes beside it. */
export type Report =
  | { readonly kind: 'listening'; readonly address: SocketAddress; readonly backend: string }
  | { readonly kind: 'failed'; readonly message: string; readonly code: unknown }
  | { readonly kind: 'counts'; readonly counts: Counts }
