import { Program, beside } from '../../shared/processes.js'

/** Starts one of the programs of this folder, and notes it in `into`. */
export function start(name: 'server' | 'clients', into: Program[], ...args: string[]): Promise<Program> {
  return Program.start(beside(import.meta.url, name), { args, into })
}
