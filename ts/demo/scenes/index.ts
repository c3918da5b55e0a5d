import type { Scene } from '../scene.js'
import { acceptEdge } from './accept-edge.js'
import { halfClose } from './half-close.js'
import { hangUp } from './hang-up.js'
import { levelEdge } from './level-edge.js'
import { oneshot } from './oneshot.js'
import { selectLimit } from './select-limit.js'
import { staleFd } from './stale-fd.js'

/** In the order in which they are best read. */
export const scenes: readonly Scene[] = [
  levelEdge,
  oneshot,
  acceptEdge,
  halfClose,
  hangUp,
  selectLimit,
  staleFd,
]
