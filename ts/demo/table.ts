/** Breaks a line at blanks. */
export function wrap(line: string, width: number): readonly string[] {
  const lines: string[] = []
  let current = ''
  for (const word of line.split(' ')) {
    if (current !== '' && current.length + 1 + word.length > width) {
      lines.push(current)
      current = ''
    }
    current = current === '' ? word : `${current} ${word}`
  }
  return [...lines, current]
}

/** A table for a terminal: cells are lists of lines, each column as wide as it needs up to its limit. */
export function table(rows: readonly (readonly (readonly string[])[])[], widths: readonly number[]): string {
  const wrapped = rows.map((cells) =>
    cells.map((lines, column) => lines.flatMap((line) => wrap(line, widths[column] ?? 0))),
  )
  const used = widths.map((_, column) =>
    Math.max(...wrapped.map((cells) => Math.max(0, ...(cells[column] ?? []).map(({ length }) => length)))),
  )
  const rule = used.map((width) => '-'.repeat(width)).join('  ')
  const [head = '', ...body] = wrapped.map((cells) => {
    const height = Math.max(1, ...cells.map(({ length }) => length))
    const lines = Array.from({ length: height }, (_, line) =>
      used
        .map((width, column) => (cells[column]?.[line] ?? '').padEnd(width))
        .join('  ')
        .trimEnd(),
    )
    return lines.join('\n')
  })
  return `${[head, rule, ...body].join('\n')}\n`
}
