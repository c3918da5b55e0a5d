// onoff, as its package is, with ours in the place of `epoll`: its own scripts, those of a coin acceptor that `epoll` has, and use of it.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fine } from '../helpers/child.js'
import { hasGpio, withGpio } from '../helpers/epoll/gpio.js'
import { installation, root } from '../helpers/epoll/installation.js'
import plain from '../helpers/test.js'

/** One after the other: a host name that is written is an event in every process, whose name it is or not. */
const test = hasGpio ? plain.serial : plain.skip

/** What its run-tests names and is not run here. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  'configure-and-check-active-low': 'the lines here do not invert; no interrupt in it',
  'configure-and-check-active-low-defaults': 'the lines here do not invert; no interrupt in it',
  debounce: 'it fails where a timer is 10 ms late',
}

const BUTTON = new Set(['wait-for-interrupt', 'wait-for-many-interrupts'])

const tests = join(root, 'node_modules/onoff/integration-test')
const named = [...readFileSync(join(tests, 'run-tests'), 'utf8').matchAll(/^node (\S+)$/gm)].map(
  ([, name = '']) => name,
)

function script(name: string, text: string): string {
  const file = installation().path(name)
  writeFileSync(file, text)
  return file
}

plain("twelve of onoff's fifteen scripts are run", (t) => {
  t.is(named.length, 15)
  t.deepEqual(
    named.filter((name) => Object.hasOwn(LEFT_OUT, name)),
    Object.keys(LEFT_OUT),
  )
})

for (const name of named.filter((each) => !Object.hasOwn(LEFT_OUT, each))) {
  test(`onoff's own ${name} passes`, async (t) => {
    const file = installation().path(`node_modules/onoff/integration-test/${name}.js`)
    // A second part goes on with what the first one left.
    const scripts = [...new Set([file.replace(/part2\.js$/, 'part1.js'), file])]
    const program = [
      'sh',
      '-ec',
      'node=$1; shift; for script; do "$node" $script; done',
      'sh',
      process.execPath,
    ]
    const { stdout, ...rest } = await withGpio([...program, ...scripts], { hasButton: BUTTON.has(name) })
    t.deepEqual({ ...rest, stdout: '' }, fine(''))
    t.true(stdout.includes(`ok - ${file}\n`), stdout)
  })
}

for (const name of ['coin-counter-success', 'coin-counter-fail']) {
  test(`epoll's own ${name} counts the pulses of a line`, async (t) => {
    const file = installation().path(`node_modules/epoll/test/coin-acceptor/${name}.js`)
    const counted = /^fallingPulses: [1-9]\d*, risingPulses: [1-9]\d*, errors: 0$/m
    const { stdout, stderr } = await withGpio([process.execPath, file], {
      hasButton: true,
      isEnough: (text) => counted.test(text),
    })
    t.is(stderr, '')
    t.regex(stdout, counted)
  })
}

test('no interrupt is lost, and the process ends when its lines are unexported', async (t) => {
  const file = script(
    'toggle.cjs',
    `const { Gpio } = require('onoff')
    const [input, rising, output] = [new Gpio(4, 'in', 'both'), new Gpio(7, 'in', 'rising'), new Gpio(17, 'out')]
    let [toggles, ups] = [0, 0]
    const toggle = () => output.writeSync(++toggles % 2)
    const next = () => {
      if (toggles < 1000) return toggle()
      console.log(toggles)
      for (const line of [input, rising, output]) line.unexport()
    }
    const told = new Set()
    const hear = (who) => (error, value) => {
      if (error) throw error
      // Somebody else's host name is an event here too.
      if (value !== toggles % 2 || told.add(who).size < 1 + value) return
      told.clear()
      setImmediate(next)
    }
    input.watch(hear('input'))
    rising.watch(hear('rising'))
    toggle()`,
  )
  t.deepEqual(await withGpio([process.execPath, file]), fine('1000\n'))
})

test('interrupts reach the main thread and two Workers at once', async (t) => {
  const file = script(
    'everywhere.cjs',
    `const { Worker, isMainThread, parentPort } = require('node:worker_threads')
    const { Gpio } = require('onoff')
    const input = new Gpio(4, 'in', 'both')
    if (isMainThread) {
      const output = new Gpio(17, 'out')
      const workers = [new Worker(__filename), new Worker(__filename)]
      const told = new Set()
      let [toggles, ready] = [0, 0]
      const hear = (who) => (value) => {
        if (value !== toggles % 2 || told.add(who).size < 3) return
        told.clear()
        next()
      }
      const next = () => {
        toggles += 1
        if (toggles <= 100) return output.writeSync(toggles % 2)
        console.log('told')
        for (const worker of workers) worker.postMessage('end')
        input.unexport()
        output.unexport()
      }
      const main = hear('main')
      input.watch((error, value) => main(value))
      for (const worker of workers) {
        const heard = hear(worker)
        worker.on('message', (value) => {
          if (value !== 'ready') heard(value)
          else if (++ready === 2) next()
        })
      }
    } else {
      input.watch((error, value) => parentPort.postMessage(value))
      parentPort.on('message', () => { input.unexport(); parentPort.close() })
      parentPort.postMessage('ready')
    }`,
  )
  t.deepEqual(await withGpio([process.execPath, file]), fine('told\n'))
})
