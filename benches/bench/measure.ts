import { loadavg } from 'node:os'
import { machine, openFiles, watchMachine } from '../shared/machine.js'
import type { ProgressLine } from '../shared/progress.js'
import { measureAccept } from './accept.js'
import { cores } from './cores.js'
import { measureDispatch } from './dispatch.js'
import { measureEcho } from './echo.js'
import { measureMemory } from './memory.js'
import type { Plan } from './options.js'
import { findPeers } from './peers.js'
import { FORMAT } from './result.js'
import type { Result } from './result.js'
import { Scene } from './scene.js'
import { verdicts } from './verdicts.js'

export interface Around {
  readonly command: string
  readonly version: string
  readonly progress: ProgressLine
  readonly signal: AbortSignal
}

/** Runs a bench. Everything that it starts has ended when it returns or throws. */
export async function measure(plan: Plan, { command, version, progress, signal }: Around): Promise<Result> {
  const started = new Date()
  const watch = watchMachine(loadavg()[0] ?? 0)
  const { peers, absent } = await findPeers(plan.kind, plan.peers)
  const pair = plan.kind === 'dispatch' ? undefined : cores()
  const scene = new Scene(plan, peers, {
    cores: typeof pair === 'object' ? pair : undefined,
    openFiles: openFiles(),
    signal,
    progress: progress.part(plan.kind),
  })
  const end = (): void => void scene.end()
  signal.addEventListener('abort', end)
  try {
    const found = {
      echo: plan.kind === 'echo' ? await measureEcho(scene) : [],
      accept: plan.kind === 'accept' ? await measureAccept(scene) : [],
      memory: plan.kind === 'memory' ? await measureMemory(scene) : [],
      dispatch: plan.kind === 'dispatch' ? await measureDispatch(scene) : [],
    }
    progress.end()
    return {
      format: FORMAT,
      started: started.toISOString(),
      seconds: Math.round((Date.now() - started.getTime()) / 1000),
      machine: machine(version),
      settings: {
        command,
        kind: plan.kind,
        quick: plan.quick,
        rounds: plan.rounds,
        seconds: plan.messages > 0 ? 0 : plan.seconds,
        messages: plan.messages,
        open: plan.open > 0 ? plan.open : null,
        seed: plan.seed,
      },
      peers: peers.map(({ name, what, version: of }) => ({ name, what, version: of })),
      leftOut: [...absent, ...scene.leftOut],
      ...found,
      verdicts: verdicts(plan.kind, found),
      disturbances: [...watch.say(), ...(typeof pair === 'string' ? [pair] : []), ...scene.notes],
    }
  } finally {
    signal.removeEventListener('abort', end)
    await scene.end()
  }
}
