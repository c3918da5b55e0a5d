/** What finds out which descriptors are ready: epoll(7), kqueue(2), poll(2) or select(2). */
export type Backend = 'epoll' | 'kqueue' | 'poll' | 'select'

/** Who takes the turns. See {@link ReactorOptions.driver}. */
export type Driver = 'loop' | 'thread' | 'manual'

/**
 * Whether the host's own loop can be driven. By name, since a symbol that is found proves nothing: Bun exports `uv_poll_init`
 * and aborts in it, Deno's goes silent after one callback.
 */
function hasLoop(): boolean {
  const { versions } = process
  return versions['bun'] === undefined && versions['deno'] === undefined
}

/** The driver that suits the backend and the runtime. poll and select have no descriptor that a loop could watch. */
export function suitableDriver(backend: Backend): 'loop' | 'thread' {
  return (backend === 'epoll' || backend === 'kqueue') && hasLoop() ? 'loop' : 'thread'
}

/** Why this driver cannot work here, or nothing. */
export function objection(driver: Driver, backend: Backend): string | undefined {
  if (driver !== 'loop') return undefined
  if (backend === 'poll' || backend === 'select') {
    return `${backend} has no descriptor that the host's loop could watch: use 'thread' or 'manual'`
  }
  if (!hasLoop()) return "this runtime's loop cannot be driven from outside: use 'thread' or 'manual'"
  return undefined
}

/**
 * How an error that nobody caught is raised where Node-API's own way loses it: Deno ends the process for `null` if it has to
 * do so inside a native call, so it is thrown after that.
 */
export const raiseLater: ((error: unknown) => void) | undefined =
  process.versions['deno'] === undefined
    ? undefined
    : (error) =>
        setTimeout(() => {
          throw error
        }, 0)
