import { arming } from './arming.mjs'
import { callbacks } from './callbacks.mjs'
import { defects } from './defects.mjs'
import { life } from './life.mjs'
import { readiness } from './readiness.mjs'
import { refusals } from './refusals.mjs'
import { use } from './use.mjs'

/** @typedef {Readonly<Record<string, import('../world.mjs').Scenario>>} Scenarios */

/** Those that leave their process as it was. @type {Readonly<Record<string, Scenarios>>} */
export const groups = { use, readiness, arming, callbacks }

/** Those that need a process each: its end is part of the outcome. @type {Scenarios} */
export const apart = { ...refusals, ...life, ...defects }

/** @type {Scenarios} */
export const scenarios = { ...use, ...readiness, ...arming, ...callbacks, ...apart }
