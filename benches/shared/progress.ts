/** Says on standard error how far it is: one line that changes on a terminal, else a line now and then. */
export class ProgressLine {
  readonly #stream: NodeJS.WriteStream
  #told = -1

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
  }

  /** Reports of one part, which come as often as they like. */
  part(name: string): (done: number, total: number, what: string) => void {
    this.#told = -1
    return (done, total, what) => {
      const percent = Math.floor((100 * done) / Math.max(1, total))
      const text = `${name}: ${String(percent).padStart(3)} %  ${what}`
      if (this.#stream.isTTY) {
        this.#stream.write(`\r\u001B[K${text.slice(0, Math.max(20, this.#stream.columns - 1))}`)
      } else if (percent >= this.#told + 10) {
        this.#told = percent - (percent % 10)
        this.#stream.write(`${text}\n`)
      }
    }
  }

  end(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\u001B[K')
  }
}
