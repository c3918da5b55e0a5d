import type { Capabilities } from '../../index.js'
import type { BackendFinding, Findings } from './findings.js'
import type { Limit } from './limits.js'
import type { Trial } from './trial.js'

const WIDTH = 100

type Row = readonly string[]

/** Rows in columns, indented. */
function table(rows: readonly Row[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  )
}

function wrap(text: string, indent: string): readonly string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? ''
    if (line !== '' && indent.length + line.length + 1 + word.length > WIDTH) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines.map((line) => indent + line)
}

const FLAGS = [
  'edge',
  'oneshot',
  'priority',
  'exclusive',
  'disconnect',
] as const satisfies readonly (keyof Capabilities)[]

function backendRow({ name, isDefault, capabilities }: BackendFinding): Row {
  const title = isDefault ? `${name} (auto)` : name
  if (capabilities === null) return [title, 'not on this system']
  const { maxFd } = capabilities
  return [
    title,
    'level',
    ...FLAGS.map((flag) => (capabilities[flag] ? flag : '-')),
    Number.isFinite(maxFd) ? `descriptors up to ${maxFd}` : '',
  ]
}

function limitLines({ name, values, meaning, raise }: Limit): readonly string[] {
  const figures = Object.entries(values).map(([key, value]) =>
    key === 'value' ? `${value}` : `${key} ${value}`,
  )
  return [
    `  ${name}: ${figures.join(', ')}`,
    ...wrap(meaning, '    '),
    ...wrap(`To raise it: ${raise}.`, '    '),
  ]
}

function trialRow({ backend, driver, trigger, passed, milliseconds, error }: Trial): Row {
  return [backend, driver, trigger, passed ? `works (${milliseconds} ms)` : `FAILED: ${error}`]
}

function verdict({ selfTest, works }: Findings): string {
  const failed = selfTest.filter(({ passed }) => !passed).length
  return works ? 'Everything works.' : `${failed} of ${selfTest.length} ways FAILED.`
}

/** The findings, for people. */
export function asText(findings: Findings): string {
  const { backends, binary, limits, problem, runtime, selfTest, system } = findings
  const { arch, libc, platform, release } = system
  const lines = [
    `fdreactor ${findings.fdreactor} on ${runtime}`,
    `system: ${platform} ${arch}, release ${release}${libc === null ? '' : `, ${libc}`}`,
    ...(binary === null
      ? []
      : [`binary: ${binary}`, '', 'backends', ...table(backends.map((one) => backendRow(one)))]),
    ...(limits.length === 0 ? [] : ['', 'limits', ...limits.flatMap((limit) => limitLines(limit))]),
    '',
    ...(problem === null
      ? [
          'self-test: an echo over TCP, in every way that there is here',
          ...table(selfTest.map((one) => trialRow(one))),
          '',
          verdict(findings),
        ]
      : [problem]),
  ]
  return `${lines.join('\n')}\n`
}
