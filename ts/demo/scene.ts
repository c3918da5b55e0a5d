import type { Backend, Trigger } from '../index.js'
import type { Stage } from './stage.js'

/** One way of watching: a column of every table. */
export interface Column {
  readonly name: string
  readonly backend: Backend
  readonly trigger: Trigger
}

/** One program, played in every column; its steps are the same in all of them. */
export interface Program {
  readonly title: string
  /** What a reader is to make of it. */
  readonly kind: 'shown' | 'fault' | 'right'
  /** Plays it on a stage, which writes down what happens. */
  readonly play: (stage: Stage) => void
}

/** Thrown by a program that cannot be played here. */
export class LeftOut extends Error {}

/** A lesson. */
export interface Scene {
  readonly name: string
  readonly title: string
  readonly programs: readonly Program[]
  /** One sentence. */
  readonly why: string
}

/** What a program did in one column: a line for each thing that was reported or called, and the calls in all. */
export interface Played {
  readonly rows: readonly { readonly step: string; readonly lines: readonly string[] }[]
  readonly calls: Readonly<Record<string, number>>
}
