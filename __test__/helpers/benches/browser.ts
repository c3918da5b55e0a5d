/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import puppeteer, { type Page } from 'puppeteer-core'
import type { ExecutionContext } from '../test.js'

export interface Look {
  readonly width?: number
  readonly scheme?: 'light' | 'dark'
  readonly hasScript?: boolean
}

/** A page, and what it did that nobody should notice. */
export interface Opened {
  readonly page: Page
  /** Addresses that it asked for, without its own. */
  readonly requests: readonly string[]
  /** What stands in the console, and errors that nobody caught. */
  readonly complaints: readonly string[]
}

/** The program, as the search path has it. */
function chromium(): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.map((folder) => join(folder, 'chromium')).find((file) => existsSync(file)) ?? 'chromium'
}

/** Opens a page from a file, in a browser of its own. */
export async function openPage(t: ExecutionContext, html: string, look: Look = {}): Promise<Opened> {
  const folder = mkdtempSync(join(tmpdir(), 'fdreactor-page-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'report.html')
  writeFileSync(file, html)
  const browser = await puppeteer.launch({
    executablePath: chromium(),
    // Chromium's sandbox refuses root; the pages are our own.
    args: ['--disable-gpu', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
  })
  t.teardown(() => browser.close())
  const page = await browser.newPage()
  const requests: string[] = []
  const complaints: string[] = []
  const address = pathToFileURL(file).href
  page.on('request', (request) => request.url() !== address && requests.push(request.url()))
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.setJavaScriptEnabled(look.hasScript ?? true)
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: look.scheme ?? 'light' }])
  await page.setViewport({ width: look.width ?? 1100, height: 900 })
  await page.goto(address)
  if (look.hasScript ?? true) await page.waitForSelector('figure canvas')
  return { page, requests, complaints }
}

/** How many pixels of each canvas have one of these colours (`#rrggbb`), but for what smoothing makes of them. */
export function pixels(page: Page, colours: readonly string[]): Promise<number[][]> {
  return page.$$eval(
    'figure canvas',
    (canvases, wanted) =>
      canvases.map((canvas) => {
        const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height)
        return wanted.map((colour) => {
          const rgb = Number.parseInt(colour.slice(1), 16)
          let found = 0
          for (let at = 0; at < data.length; at += 4) {
            if (data[at + 3] === 255 && ((data[at]! << 16) | (data[at + 1]! << 8) | data[at + 2]!) === rgb)
              found += 1
          }
          return found
        })
      }),
    [...colours],
  )
}
