// Drives the router's playground page in Chromium: browser.js CHROMIUM. Prints { "ready": true }; then performs the request of each line, a JSON
// object with "do" and what that needs, and prints { "result" } or { "error" }. Ends when its input does.
'use strict';

const { readFileSync } = require('fs');
const readline = require('readline');
const { chromium } = require('playwright-core');

const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

/** Bounds every wait; a test that gets near it has failed. */
const LIMIT_MS = 120_000;

const AUDIT = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

let browser;
let context;
let page;
let noted;

const requests = {
  /** Opens the page at an address in a window of its own; "scripted" are bodies that chats are answered with instead of by the router. */
  async open({ address, width = 1200, height = 800, scheme = 'light', scripted = [] }) {
    await context?.close();
    context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme });
    context.setDefaultTimeout(LIMIT_MS);
    page = await context.newPage();
    noted = { problems: [], hosts: new Set(), bodies: [] };
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && noted.problems.push(message.text()));
    page.on('pageerror', (error) => noted.problems.push(error.message));
    page.on('request', (request) => {
      noted.hosts.add(new URL(request.url()).host);
      if (request.method() === 'POST') noted.bodies.push(request.postData());
    });
    if (scripted.length > 0) await page.route('**/v1/chat/completions', (route) => route.fulfill(scripted.shift()));
    await requests.load({ address });
  },

  async load({ address }) {
    await page.goto(address);
    await page.waitForFunction(() => ['model', 'error'].some((id) => document.getElementById(id).textContent !== ''));
  },

  /** Sets controls by their ids. */
  async set({ values }) {
    await page.evaluate(() => { document.getElementById('settings').open = true; });
    for (const [id, value] of Object.entries(values)) {
      const control = page.locator(`#${id}`);
      if (await control.evaluate((element) => element.tagName === 'SELECT')) await control.selectOption(value);
      else await control.fill(value);
    }
  },

  /** Asks, and waits for the end of the answer unless it is left running. */
  async ask({ prompt, leaves = false }) {
    await page.fill('#prompt', prompt);
    await page.click('#send');
    if (!leaves) await requests.end();
  },

  async end() {
    await page.waitForFunction(() => ['finished', 'stopped', 'failed'].includes(document.getElementById('main').dataset.state));
  },

  async click({ on }) {
    await page.click(on);
  },

  async hover({ on }) {
    await page.hover(on);
  },

  async press({ keys }) {
    for (const key of keys) await page.keyboard.press(key);
  },

  async type({ text }) {
    await page.keyboard.type(text);
  },

  /** Waits until there are so many of an element. */
  async wait({ on, count }) {
    await page.waitForFunction(([selector, wanted]) => document.querySelectorAll(selector).length >= wanted, [on, count]);
  },

  /** Everything that a person could see now, and what happened on the way. */
  async look() {
    const seen = await page.evaluate(() => {
      const textOf = (selector) => [...document.querySelectorAll(selector)].filter((element) => element.checkVisibility()).map((element) => element.textContent);
      const one = (id) => textOf(`#${id}`).join('');
      const focused = document.activeElement;
      return {
        state: document.getElementById('main').dataset.state,
        tokens: [...document.querySelectorAll('.token')].map((span) => ({
          text: span.textContent, origin: span.dataset.origin, contested: span.dataset.contested === 'true', look: span.lastElementChild.className,
        })),
        words: [...document.querySelectorAll('#check .word')].map((button) => ({
          before: button.children[0].textContent, word: button.children[1].textContent, after: button.children[2].textContent, index: Number(button.dataset.index),
        })),
        legend: textOf('#legend li'),
        model: one('model'),
        question: one('question'),
        summary: one('summary'),
        nothing: one('check-none'),
        status: document.getElementById('status').textContent,
        note: one('note'),
        error: one('error'),
        details: textOf('#details p, #details dl > div'),
        invalid: [...document.querySelectorAll('[aria-invalid]')].filter((element) => element.checkVisibility()).map((element) => element.id),
        focus: focused.dataset.index !== undefined && focused.classList.contains('token') ? `token ${focused.dataset.index}` : focused.id,
        overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        foreign: document.querySelectorAll('main :is(script, img, b, iframe, a)').length,
        stored: localStorage.length + sessionStorage.length + document.cookie.length,
        key: document.getElementById('key').value,
      };
    });
    return { ...seen, problems: noted.problems, hosts: [...noted.hosts], bodies: noted.bodies };
  },

  /** What axe finds wrong with the page as it is now, and controls without a label, which placeholders do not replace. */
  async audit() {
    await page.evaluate(AUDIT);
    const { violations } = await page.evaluate(() => globalThis.axe.run());
    const nameless = await page.evaluate(() => [...document.querySelectorAll('input, select, textarea')].filter((control) => control.labels.length === 0).map((control) => control.id));
    return [...violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} (${node.failureSummary})`).join('; ')}`), ...nameless.map((id) => `${id}: no label`)];
  },

  /** What the page's list says of tokens. */
  async words({ texts, contested }) {
    return page.evaluate(async ([pieces, places]) => {
      const { wordsAt, inContext } = await import('/playground/words.js');
      const text = pieces.join('');
      const spans = places.map((index) => {
        const start = pieces.slice(0, index).join('').length;
        return { start, end: start + pieces[index].length, index };
      });
      return wordsAt(text, spans).map((word) => inContext(text, word));
    }, [texts, contested]);
  },

  /** What the list holds after these tokens have come one by one. */
  async list({ texts, contested }) {
    return page.evaluate(async ([pieces, places]) => {
      const { Checklist } = await import('/playground/checklist.js');
      const element = document.createElement('ol');
      const checklist = new Checklist(element, () => {});
      const records = [];
      pieces.forEach((text, index) => {
        const start = records.at(-1)?.end ?? 0;
        records.push({ token: { text, contested: places.includes(index) }, start, end: start + text.length, index });
        checklist.update(records);
      });
      return [...element.querySelectorAll('.word')].map(({ children: [before, word, after] }) => ({
        before: before.textContent, word: word.textContent, after: after.textContent,
      }));
    }, [texts, contested]);
  },

  /** What the page reads out of a stream that comes in pieces of so many bytes. */
  async events({ text, size }) {
    return page.evaluate(async ([body, pieceSize]) => {
      const { dataOf } = await import('/playground/events.js');
      const bytes = new TextEncoder().encode(body);
      let sent = 0;
      const stream = new ReadableStream({
        pull(controller) {
          if (sent === bytes.length) controller.close();
          else controller.enqueue(bytes.slice(sent, sent = Math.min(sent + pieceSize, bytes.length)));
        },
      });
      const data = [];
      for await (const events of dataOf(stream)) data.push(...events);
      return data;
    }, [text, size]);
  },
};

async function main() {
  browser = await chromium.launch({ executablePath: process.argv[2], args: FLAGS, timeout: LIMIT_MS });
  console.log(JSON.stringify({ ready: true }));
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    try {
      console.log(JSON.stringify({ result: (await requests[request.do](request)) ?? null }));
    } catch (error) {
      console.log(JSON.stringify({ error: `${request.do}: ${error.message}` }));
    }
  }
  await browser.close();
}

main().catch((error) => {
  console.log(JSON.stringify({ error: error.message }));
  process.exitCode = 1;
});
