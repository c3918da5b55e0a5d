declare module 'asciichart' {
  interface Config {
    readonly height?: number
    readonly min?: number
    readonly max?: number
    readonly offset?: number
    readonly colors?: readonly string[]
    readonly format?: (value: number, row: number) => string
  }
  const asciichart: {
    readonly plot: (series: readonly (readonly number[])[], config?: Config) => string
    readonly [colour: string]: unknown
  }
  export default asciichart
}
