// The page's policy: what a foreign text could try once it had got into the page.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { address, open } from "./support/app.mjs";
import { closeBrowser, freshContext } from "./support/browser.mjs";

after(closeBrowser);

/** A server of somebody else's, which counts who asks. */
async function elsewhere(t, type, body) {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    response.setHeader("content-type", type).end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${server.address().port}/`, asked };
}

/** Runs `attempt` in the page, and gives the directive that the browser names when it refuses it. */
async function refused(page, attempt, argument) {
  await page.evaluate(() => {
    window.refusals = [];
    document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => window.refusals.push(effectiveDirective), { once: true });
  });
  await page.evaluate(attempt, argument);
  await page.waitForFunction(() => window.refusals.length > 0);
  return page.evaluate(() => window.refusals[0]);
}

test("nothing runs that is not one of the page's own files", async (t) => {
  const app = await open(t);
  const { page } = app;
  const script = await elsewhere(t, "text/javascript", "window.pwned = true");
  const attempts = {
    "script-src-elem inline": () => {
      const script = document.createElement("script");
      script.textContent = "window.pwned = true";
      document.body.append(script);
    },
    "script-src-elem remote": (url) => {
      const script = document.createElement("script");
      script.src = url;
      document.body.append(script);
    },
    "script-src-elem data": () => {
      const script = document.createElement("script");
      script.src = "data:text/javascript,window.pwned=true";
      document.body.append(script);
    },
    "script-src-attr handler": () => {
      const button = document.createElement("button");
      button.setAttribute("onclick", "window.pwned = true");
      document.body.append(button);
      button.click();
    },
    "worker-src data": () => {
      try {
        new Worker("data:text/javascript,postMessage(1)");
      } catch {
        // Refused at once, which is fine as well.
      }
    },
    "object-src plugin": (url) => {
      const plugin = document.createElement("object");
      plugin.data = url;
      document.body.append(plugin);
    },
    "frame-src frame": (url) => {
      const frame = document.createElement("iframe");
      frame.src = url;
      document.body.append(frame);
    },
    "base-uri base": (url) => {
      const base = document.createElement("base");
      base.href = url;
      document.head.append(base);
    },
    "form-action form": (url) => {
      const form = document.createElement("form");
      form.action = url;
      document.body.append(form);
      form.submit();
    },
  };
  for (const [name, attempt] of Object.entries(attempts)) {
    const directive = await refused(page, attempt, script.url);
    assert.equal(directive, name.split(" ")[0], name);
  }
  // In a task of the page's own: what DevTools call may evaluate texts.
  const evaluated = await page.evaluate(async () => {
    await new Promise((resolve) => setTimeout(resolve));
    return [() => globalThis.eval("1"), () => new Function("return 1")()].map((attempt) => {
      try {
        return String(attempt());
      } catch (error) {
        return error.name;
      }
    });
  });
  assert.deepEqual(evaluated, ["EvalError", "EvalError"]);
  await page.evaluate(() => void setTimeout("window.pwned = true", 0));
  await page.waitForTimeout(50);
  assert.equal(await page.evaluate(() => window.pwned), undefined);
  assert.deepEqual(script.asked, []);
  // The attempts are what the browser complained of, and what it counted as requests.
  app.problems.length = app.foreign.length = 0;
});

test("no other page can show this one inside itself", async (t) => {
  const host = await elsewhere(t, "text/html", `<iframe src="${address}"></iframe>`);
  const page = await (await freshContext(t)).newPage();
  await page.goto(host.url);
  const frame = await (await page.waitForSelector("iframe")).contentFrame();
  await frame.waitForLoadState();
  assert.equal(await frame.evaluate(() => document.documentElement.dataset.atelier), undefined);
  assert.match(frame.url(), /^chrome-error:/);
});

test("a host that sends no header doesn't show it inside another page either", async (t) => {
  const host = await elsewhere(t, "text/html", `<iframe src="${address}"></iframe>`);
  const page = await (await freshContext(t)).newPage();
  await page.route(address, async (route) => {
    const response = await route.fetch();
    const { "content-security-policy": _, ...headers } = response.headers();
    await route.fulfill({ response, headers });
  });
  await page.goto(host.url);
  const frame = await (await page.waitForSelector("iframe")).contentFrame();
  await frame.waitForSelector('html[data-atelier="failed"]');
  assert.match(await frame.locator("body").innerText(), /does not run inside another page/);
});

test("names, titles and prompts are texts, whatever is in them", async (t) => {
  const app = await open(t);
  const hostile = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>{{7*7}}';
  const workflow = {
    last_node_id: 1,
    nodes: [{ id: 1, type: "CLIPTextEncode", title: hostile, pos: [0, 0], size: [300, 200], inputs: [], outputs: [], widgets_values: [hostile] }],
    links: [],
    version: 0.4,
  };
  await app.importJson(`${hostile.replaceAll("/", "")}.json`, JSON.stringify(workflow), 1);
  await app.saved();
  await app.reload();
  const shown = await app.page.evaluate(() => document.body.innerText);
  assert.ok(shown.includes("onerror="), "it is there to be read");
  assert.equal(await app.page.locator("img[src='x'], body script:not([src])").count(), 0);
  assert.equal(await app.page.evaluate(() => window.pwned), undefined);
});
