/** What a run becomes: text for a terminal, a page, the difference of two; and the way back from a file. */
export type * from '../result.js'
export { FORMAT } from '../result.js'
export { type Frame, terminalReport } from './terminal.js'
export { parseResult } from './read.js'
export { compareResults, type Difference, type Pair, type Section } from './diff.js'
export { terminalDiff } from './terminal-diff.js'
export { htmlReport } from './html.js'
