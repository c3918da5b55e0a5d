// Runs scenarios, one after the other: `node scenario.mjs MODULE NAME...`, where MODULE is what provides `Epoll`.
import { createRequire } from 'node:module'
import { scenarios } from './scenarios/index.mjs'
import { World } from './world.mjs'

const [module = '', ...names] = process.argv.slice(2)
const { Epoll } = /** @type {{ Epoll: import('./world.mjs').EpollClass }} */ (
  createRequire(import.meta.url)(module)
)
for (const name of names) {
  const scenario = scenarios[name]
  if (scenario === undefined) throw new Error(`no such scenario: ${name}`)
  const world = new World(Epoll)
  world.say('==', name)
  await scenario(world)
}
