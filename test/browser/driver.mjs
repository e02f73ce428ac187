// Drives Chromium for the Go tests. One line of JSON on stdin is one call, one line on stdout its answer.
//
//   {"id": 1, "page": 0, "method": "open", "args": ["http://…"]}   page 0: a new page, the result is its number
//   {"id": 2, "page": 1, "method": "fill", "args": ["#url", "…"]}  a method of playwright's Page
//   {"id": 3, "page": 1, "method": "faults"}                       what the page threw, and what it logged as an error
//   {"id": 2, "result": null} or {"id": 2, "error": "…"}
//
// CHROMIUM is the path of the browser. It ends when stdin does.

import { createInterface } from "node:readline";

import { chromium } from "playwright-core";

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
const pages = [];

// open makes a page in a context of its own.
async function open(url) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const faults = [];
  page.faults = () => faults;
  page.on("pageerror", (error) => faults.push(error.stack));
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  await page.goto(url);
  return pages.push(page);
}

async function answer({ id, page, method, args }) {
  try {
    const result = page === 0 ? await open(...args) : await pages[page - 1][method](...args);
    // Values go, handles and responses stay here.
    const isValue = typeof result !== "object" || ["evaluate", "faults"].includes(method);
    return { id, result: isValue ? result : null };
  } catch (error) {
    return { id, error: String(error?.message ?? error) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  answer(JSON.parse(line)).then((reply) => process.stdout.write(`${JSON.stringify(reply)}\n`));
}
await browser.close();
