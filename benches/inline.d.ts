/** The text of a file, bundled for a browser by `scripts/bundle.mjs`. */
declare module 'inline:*' {
  const text: string
  export default text
}
