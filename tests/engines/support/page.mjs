// A browser and its tabs, as tests see them: the same whichever engine it is.

import { ELEMENT } from "./webdriver.mjs";

/** How long something that needs no computing may take to appear. Generous: the machine may be busy. */
const PATIENCE = 20_000;

const KEYS = { Enter: "\uE007", Tab: "\uE004", Escape: "\uE00C" };

export class Browser {
  /** The tab that commands go to. */
  #current;

  constructor(driver, downloads) {
    this.driver = driver;
    this.downloads = downloads;
  }

  static async of(driver, downloads) {
    await driver.command("SetTimeouts", { script: 120_000, pageLoad: 60_000 });
    await driver.command("SetWindowRect", { width: 1280, height: 800 });
    const browser = new Browser(driver, downloads);
    browser.#current = await driver.command("GetWindowHandle");
    browser.first = new Page(browser, browser.#current);
    return browser;
  }

  /** One more tab. */
  async newPage() {
    const { handle } = await this.driver.command("NewWindow", { type: "window" });
    return new Page(this, handle);
  }

  /** Has the command go to this tab. */
  async command(handle, name, parameters) {
    if (this.#current !== handle) await this.driver.command("SwitchToWindow", { handle });
    this.#current = handle;
    return this.driver.command(name, parameters);
  }
}

export class Page {
  constructor(browser, handle) {
    this.browser = browser;
    this.handle = handle;
  }

  #command(name, parameters) {
    return this.browser.command(this.handle, name, parameters);
  }

  async goto(url) {
    await this.#command("Navigate", { url });
  }

  async reload() {
    await this.#command("Refresh");
  }

  /** Has the page do what leaves it, and waits until there is another one. */
  async leave(work, ...words) {
    await this.evaluate(`(...words) => { window.left = true; setTimeout(() => (${work})(...words)); }`, ...words);
    const isAnother = () => this.evaluate(() => window.left === undefined && document.readyState === "complete");
    // While there is none, commands fail.
    await until(() => isAnother().catch(() => false), () => `${work} has not left the page`);
  }

  /** What the function gives in the page, once that is settled. Arguments and result are JSON, or an element. */
  async evaluate(work, ...words) {
    const script = `const [words, done] = arguments;
      new Promise((settled) => settled((${work})(...words))).then((value) => done({ value }), (error) => done({ error: String(error) }));`;
    const { value, error } = await this.#command("ExecuteAsyncScript", { script, args: [words] });
    if (error !== undefined) throw new Error(error);
    return value;
  }

  /** Waits until the function gives something true, and gives that. */
  async waitFor(work, ...words) {
    const found = () => this.evaluate(work, ...words);
    return until(found, async () => `waited in vain for ${work} with ${JSON.stringify(words)}; the page shows:\n${await this.text()}`);
  }

  /** Waits for an element. With a name: the first one of that accessible name. */
  async find(selector, name = null) {
    const element = await this.waitFor(
      (selector, name) => {
        const called = (element) => (element.ariaLabel ?? element.innerText).trim();
        return [...document.querySelectorAll(selector)].find((element) => name === null || called(element) === name);
      },
      selector,
      name,
    );
    return element[ELEMENT];
  }

  async click(selector, name) {
    await this.#command("ElementClick", { id: await this.find(selector, name) });
  }

  /** Types into a field. */
  async type(selector, text, name) {
    await this.#command("ElementSendKeys", { id: await this.find(selector, name), text });
  }

  /** Presses a key. */
  press(key) {
    const value = KEYS[key] ?? key;
    return this.#act("key", "keyboard", {}, [{ type: "keyDown", value }, { type: "keyUp", value }]);
  }

  /** Presses the mouse at `from`, moves it to `to` in steps, and lets go. */
  drag(from, to, steps = 6) {
    const way = Array.from({ length: steps }, (_, step) => move(between(from, to, (step + 1) / steps)));
    return this.#hand([move(from), PRESS, ...way, RELEASE]);
  }

  /** Clicks twice in the middle of an element. */
  async doubleClick(selector) {
    await this.find(selector);
    const middle = await this.evaluate((selector) => {
      const { x, y, width, height } = document.querySelector(selector).getBoundingClientRect();
      return { x: x + width / 2, y: y + height / 2 };
    }, selector);
    await this.#hand([move(middle), PRESS, RELEASE, PRESS, RELEASE]);
  }

  #hand(actions) {
    return this.#act("pointer", "mouse", { parameters: { pointerType: "mouse" } }, actions);
  }

  #act(type, id, more, actions) {
    return this.#command("PerformActions", { actions: [{ type, id, ...more, actions }] });
  }

  /** Hands files to a field for them, as a user's choice does. */
  async chooseFiles(selector, paths) {
    const id = await this.evaluate((selector) => document.querySelector(selector), selector);
    await this.#command("ElementSendKeys", { id: id[ELEMENT], text: paths.join("\n") });
  }

  text() {
    return this.evaluate(() => document.body?.innerText ?? "");
  }
}

/** What `attempt` gives as soon as it gives something true. */
async function until(attempt, complaint) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const found = await attempt();
    if (found) return found;
    if (Date.now() > end) throw new Error(await complaint());
    await new Promise((next) => setTimeout(next, 50));
  }
}

const PRESS = { type: "pointerDown", button: 0 };
const RELEASE = { type: "pointerUp", button: 0 };

const move = ({ x, y }) => ({ type: "pointerMove", duration: 20, origin: "viewport", x: Math.round(x), y: Math.round(y) });

const between = (from, to, share) => ({ x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share });
