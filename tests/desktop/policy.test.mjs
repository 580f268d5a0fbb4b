// The window's page reaches its own parts and its media, and no file of the machine.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { dataFolder, start } from "./support/window.mjs";

/** A picture that any page could show. */
const PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>';

/** Has the page ask for something in one way; gives "reached" or why not. */
const ways = {
  fetch: (url) => `fetch(${url}).then((answer) => "reached " + answer.status, (error) => "refused")`,
  request: (url) => `(() => {
    const request = new XMLHttpRequest();
    try {
      request.open("GET", ${url}, false);
      request.send();
      return request.status === 0 ? "refused" : "reached " + request.status;
    } catch { return "refused"; }
  })()`,
  image: (url) => element("img", "src", url),
  video: (url) => element("video", "src", url),
  script: (url) => element("script", "src", url),
  style: (url) => element("link", "href", url, `made.rel = "stylesheet";`),
  frame: (url) => `new Promise((done) => {
    const made = document.createElement("iframe");
    const said = (answer) => { made.remove(); done(answer); };
    document.addEventListener("securitypolicyviolation", () => said("refused"), { once: true });
    setTimeout(() => said("refused"), 1500);
    made.onload = () => setTimeout(() => said(made.contentDocument?.body?.children.length ? "reached" : "refused"), 300);
    made.src = ${url};
    document.body.append(made);
  })`,
};

function element(name, attribute, url, more = "") {
  return `new Promise((done) => {
    const made = document.createElement("${name}");
    const said = (answer) => { made.remove(); done(answer); };
    made.onload = made.onloadedmetadata = () => said("reached");
    made.onerror = () => said("refused");
    document.addEventListener("securitypolicyviolation", () => said("refused"), { once: true });
    // Some refusals are silent.
    setTimeout(() => said("refused"), 1500);
    ${more}
    made.${attribute} = ${url};
    document.body.append(made);
  })`;
}

/** What an expression's promise comes to. */
async function answer(window, expression) {
  await window.ask(`(window.answer = undefined, Promise.resolve(${expression}).then((is) => { window.answer = is; }), true)`);
  return window.until("window.answer");
}

test("no file of the machine can be asked for in any way", async (t) => {
  const folder = await dataFolder(t);
  const window = await start(t, folder);
  const file = join(folder, "picture.svg");
  await writeFile(file, PICTURE);
  const origin = await window.ask("location.origin");
  assert.match(origin, /^dioxus:/, "the origin that answers with files");
  const addresses = [`${origin}${file}`, `${origin}/${encodeURIComponent(file)}`, `file://${file}`];
  for (const [way, attempt] of Object.entries(ways)) {
    for (const address of addresses) {
      assert.equal(await answer(window, attempt(JSON.stringify(address))), "refused", `${way} ${address}`);
    }
  }
  // The same ways do reach what the page may have.
  const own = JSON.stringify(`data:image/svg+xml,${encodeURIComponent(PICTURE)}`);
  assert.equal(await answer(window, ways.image(own)), "reached");
});
