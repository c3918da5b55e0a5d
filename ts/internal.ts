// What the tests and the benches use and no application may; package.json exports it to nobody. It stands for
// everything, so that all entries share one chunk, and one addon.
export * from './index.js'
export { failureToError } from './errors.js'
export { BACKENDS, loaded, native } from './native.js'
export { suitableDriver } from './runtime.js'
