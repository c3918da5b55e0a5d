// The types of dist/loader/binaries.js, which scripts/bundle-library.mjs writes.

/** The platforms that have a package with a binary, such as `linux-x64-gnu`. */
export declare const names: readonly string[]
/** Where that file lies, unless it has become part of a bundle. */
export declare const folder: string | undefined
/** Loads a file. @throws what the runtime says. */
export declare function fromFile(file: string): unknown
/** Loads the package of a platform. @throws what the runtime says. */
export declare function fromPackage(name: string): unknown
/** The file that an addon was loaded from, where the runtime tells. */
export declare function fileOf(addon: unknown): string | undefined
