// usage: node vscode_driver.mjs PLAYWRIGHT CHROMIUM URL
// A browser with VS Code in it, driven by lines of JSON on stdin: {"do": NAME, …}. Each is answered by
// a line of JSON on stdout: {"ok": VALUE} or {"error": TEXT}.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [playwright, executablePath, url] = process.argv.slice(2);
const { chromium } = createRequire(`${playwright}/`)("playwright-core");

const GHOST = ".ghost-text, .ghost-text-decoration, .ghost-text-decoration-preview";
const spaces = (text) => text.replaceAll("\u00a0", " ").replaceAll("\u200c", "");

const browser = await chromium.launch({
  executablePath,
  args: ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-extensions"],
});
const page = await browser.newPage({ viewport: { width: 1100, height: 600 } });
await page.goto(url);

// Watches frames: when a key went down, and in which frame ghost text first followed it.
async function watchFrames() {
  await page.evaluate((ghost) => {
    window.frames_ = [];
    window.keys_ = [];
    window.echoes_ = [];
    if (window.isWatched_) return;
    window.isWatched_ = true;
    let length = 0;
    window.addEventListener("keydown", () => window.keys_.push(performance.now()), true);
    const look = (at) => {
      const text = [...document.querySelectorAll(ghost)].map((each) => each.textContent).join("");
      const last = window.frames_.at(-1);
      if (!last || last.text !== text) window.frames_.push({ at, text });
      const now = document.querySelector(".view-lines")?.textContent.length ?? 0;
      if (now !== length) {
        length = now;
        window.echoes_.push(at);
      }
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }, GHOST);
}

const actions = {
  async open({ name }) {
    await page.getByText(name, { exact: true }).first().dblclick({ timeout: 60000 });
    await page.locator(".view-line").first().waitFor({ timeout: 30000 });
  },
  async line({ number }) {
    await page.locator(".view-line").nth(number).click();
    await page.keyboard.press("End");
  },
  type: ({ text, delay }) => page.keyboard.type(text, { delay: delay ?? 0 }),
  press: ({ key }) => page.keyboard.press(key),
  ghost: async () => spaces((await page.$$eval(GHOST, (e) => e.map((x) => x.textContent).join("")))),
  status: () =>
    page.$$eval("[id='ghostlap.ghostlap.ghostlap.status'], [id*='ghostlap.status']", (e) =>
      e.map((x) => x.textContent).join("|")),
  async command({ title }) {
    await page.keyboard.press("F1");
    await page.keyboard.type(title);
    await page.locator(".quick-input-list .monaco-list-row").first().waitFor();
    await page.locator(".quick-input-list .monaco-list-row", { hasText: title }).first().click();
  },
  async pick({ text }) {
    await page.locator(".quick-input-list .monaco-list-row", { hasText: text }).first().click({ timeout: 30000 });
  },
  text: ({ selector }) => page.$$eval(selector, (e) => e.map((x) => x.textContent)).then((all) => all.map(spaces)),
  async webview() {
    const found = [];
    for (const frame of page.frames()) {
      const text = await frame.evaluate(() => document.body?.innerText ?? "").catch(() => "");
      if (text && frame !== page.mainFrame()) found.push(text);
    }
    return found.join("\n");
  },
  shot: ({ path }) => page.screenshot({ path }).then(() => true),
  watch: () => watchFrames().then(() => true),
  frames: () => page.evaluate(() => ({ frames: window.frames_, keys: window.keys_, echoes: window.echoes_ })),
};

process.stdout.write(`${JSON.stringify({ ok: "open" })}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  let answer;
  try {
    answer = { ok: (await actions[asked.do](asked)) ?? null };
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
