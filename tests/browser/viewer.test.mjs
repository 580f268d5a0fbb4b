// Media are looked at: on their cards by zoom, and in the viewer.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";
import { address, open } from "./support/app.mjs";
import { closeBrowser, freshContext } from "./support/browser.mjs";
import { file, png, wav, webm } from "./support/files.mjs";
import { addMedia, card, fit, view } from "./support/media.mjs";

after(closeBrowser);

const RED = [200, 60, 60];
const BLUE = [60, 60, 200];

/** The colour in the middle of what an element shows, and at shares of its width and height. */
async function colour(app, locator, x = 0.5, y = 0.5) {
  const box = await locator.boundingBox();
  const clip = { x: box.x + box.width * x - 1, y: box.y + box.height * y - 1, width: 2, height: 2 };
  const shot = (await app.page.screenshot({ clip })).toString("base64");
  return app.page.evaluate(async (shot) => {
    const image = new Image();
    image.src = `data:image/png;base64,${shot}`;
    await image.decode();
    const context = new OffscreenCanvas(2, 2).getContext("2d");
    context.drawImage(image, 0, 0);
    return [...context.getImageData(1, 1, 1, 1).data.slice(0, 3)];
  }, shot);
}

function assertColour(actual, expected, message) {
  const near = actual.every((part, at) => Math.abs(part - expected[at]) < 24);
  assert.ok(near, `${message}: ${actual} is not ${expected}`);
}

test("a card shows a thumbnail while it is small, the original while it is large, and lets go of it", async (t) => {
  const context = await freshContext(t);
  // Which addresses of contents hold now.
  await context.addInitScript(() => {
    window.held = new Set();
    const { createObjectURL, revokeObjectURL } = URL;
    URL.createObjectURL = (blob) => {
      const url = createObjectURL.call(URL, blob);
      window.held.add(url);
      return url;
    };
    URL.revokeObjectURL = (url) => {
      window.held.delete(url);
      revokeObjectURL.call(URL, url);
    };
  });
  const app = await open(t, context);
  const held = (count) => app.page.waitForFunction((count) => window.held.size === count, count);
  await app.newWorkflow();
  const pictures = Array.from({ length: 25 }, (_, at) => file(`${at}.png`, png([at * 10, 90, 250 - at * 10], 900, 700)));
  await addMedia(app, pictures);
  await fit(app);
  const image = card(app, "12.png").locator("img");
  const source = (start) => app.page.waitForFunction(
    ([image, start]) => image.src.startsWith(start) && image.dataset.loaded === "true",
    [imageHandle, start],
  );
  const imageHandle = await image.elementHandle();
  for (let step = 0; step < 12 && (await app.canvas.view()).zoom > 0.7; step++) await app.canvas.element.press("-");
  await source("data:image/");
  await held(0);
  const place = await app.canvas.middle(image);
  await app.page.mouse.move(place.x, place.y);
  for (let step = 0; step < 60 && (await app.canvas.view()).zoom < 2; step++) await app.page.mouse.wheel(0, -80);
  await source("blob:");
  assert.equal(await image.evaluate((image) => image.naturalWidth), 900);
  const near = await app.page.locator('[data-node-id] img[src^="blob:"]').count();
  await held(near);
  assert.ok(near < pictures.length, "what is off the screen holds nothing");
  // Away from all of them.
  const { left, top } = await app.canvas.view();
  for (let step = 0; step < 12; step++) {
    await app.canvas.drag({ x: left + 30, y: top + 30 }, { x: left + 560, y: top + 560 }, { button: "middle", steps: 3 });
  }
  await app.page.waitForFunction(() => !document.querySelector("[data-node-id] img"));
  await held(0);
});

test("the viewer steps, zooms, moves, tells what it knows, and gives the picture away", async (t) => {
  const app = await open(t);
  await app.page.context().grantPermissions(["clipboard-read", "clipboard-write"], { origin: new URL(address).origin });
  await app.newWorkflow();
  const red = png(RED, 400, 300);
  await addMedia(app, [file("red & round.png", red), file("blue.png", png(BLUE, 3000, 2000)), file("notes.txt", "Notes")]);
  await fit(app);
  const trigger = card(app, "red & round.png");
  await trigger.locator('[data-part="header"]').click();
  const before = await app.page.evaluate(() => document.activeElement.outerHTML.slice(0, 200));
  const viewer = await view(app, "red & round.png");
  const shown = viewer.locator('[data-shown-asset][data-loaded="true"] img');
  await shown.waitFor();
  assertColour(await colour(app, shown), RED, "the picture is seen");

  // The focus stays inside.
  for (let step = 0; step < 25; step++) {
    await app.page.keyboard.press("Tab");
    assert.ok(await viewer.evaluate((viewer) => viewer.contains(document.activeElement)), `after ${step + 1} steps`);
  }

  const facts = viewer.getByRole("complementary", { name: "Facts" });
  const hash = createHash("sha256").update(red).digest("hex");
  await facts.getByTitle(`sha256-${hash}`).waitFor();
  await facts.getByText("Image", { exact: true }).waitFor();
  const text = await facts.innerText();
  for (const part of ["PNG image", "400 × 300", `${(red.length / 1000).toFixed(1)} kB`.replace(/^0\..*/, `${red.length} B`)]) {
    assert.ok(text.includes(part), `${part} in ${text}`);
  }

  const [saved] = await Promise.all([
    app.page.waitForEvent("download"),
    viewer.getByRole("link", { name: "Download" }).click(),
  ]);
  assert.equal(saved.suggestedFilename(), "red & round.png");
  assert.deepEqual(await readFile(await saved.path()), red);

  await viewer.getByRole("button", { name: "Copy" }).click();
  await app.page.getByRole("region", { name: "Notifications" }).getByText("in the clipboard").waitFor();
  const copied = await app.page.evaluate(async () => {
    const [item] = await navigator.clipboard.read();
    const bitmap = await createImageBitmap(await item.getType("image/png"));
    const context = new OffscreenCanvas(1, 1).getContext("2d");
    context.drawImage(bitmap, 0, 0);
    return { width: bitmap.width, height: bitmap.height, colour: [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)] };
  });
  assert.deepEqual(copied, { width: 400, height: 300, colour: RED });

  await app.page.keyboard.press("ArrowRight");
  await viewer.getByRole("heading", { name: "blue.png" }).waitFor();
  await shown.waitFor();
  const stage = await app.canvas.middle(viewer.locator(".pane"));
  const pane = await viewer.locator(".pane").boundingBox();
  let box = await shown.boundingBox();
  assert.ok(box.x > pane.x && box.width < pane.width, "it is shown whole");
  await app.page.mouse.move(stage.x, stage.y);
  for (let step = 0; step < 3; step++) await app.page.mouse.wheel(0, -200);
  await app.canvas.frames();
  const larger = await shown.boundingBox();
  assert.ok(larger.width > box.width * 1.5);
  assert.ok(Math.abs(larger.x + larger.width / 2 - stage.x) < 3, "what is under the pointer stays there");
  await app.canvas.drag(stage, { x: stage.x + 120, y: stage.y - 60 });
  box = await shown.boundingBox();
  assert.ok(Math.abs(box.x - larger.x - 120) < 2 && Math.abs(box.y - larger.y + 60) < 2, "it follows the pointer");
  await viewer.getByRole("button", { name: "own size" }).click();
  assert.ok(Math.abs((await shown.boundingBox()).width - 3000) < 1);
  await app.page.keyboard.press("1");
  await app.canvas.frames();
  assert.ok((await shown.boundingBox()).width < pane.width);

  await app.page.keyboard.press("ArrowRight");
  await viewer.getByRole("heading", { name: "notes.txt" }).waitFor();
  await viewer.getByText("nothing in it is ever run here").waitFor();
  await app.page.keyboard.press("ArrowRight");
  await viewer.getByRole("heading", { name: "red & round.png" }).waitFor();
  await app.page.keyboard.press("ArrowLeft");
  await viewer.getByRole("heading", { name: "notes.txt" }).waitFor();
  await app.page.keyboard.press("Escape");
  await viewer.waitFor({ state: "detached" });
  const after = await app.page.evaluate(() => document.activeElement.outerHTML.slice(0, 200));
  assert.equal(after, before, "the focus is where it was");
});

test("two pictures are compared: with an edge that moves, beside each other, and by what differs", async (t) => {
  const app = await open(t);
  await app.newWorkflow();
  await addMedia(app, [file("red.png", png(RED)), file("blue.png", png(BLUE)), file("green.png", png([40, 160, 60]))]);
  await fit(app);
  const viewer = await view(app, "red.png");
  await viewer.getByRole("tab", { name: "Slider" }).click();
  const layer = (name) => viewer.locator('[data-shown-asset][data-loaded="true"]').filter({ has: app.page.getByAltText(name) });
  await app.page.waitForFunction(() => document.querySelectorAll('.viewer [data-shown-asset][data-loaded="true"]').length === 2);
  const shot = viewer.locator(".shot");
  assertColour(await colour(app, shot, 0.25), RED, "A at the left");
  assertColour(await colour(app, shot, 0.75), BLUE, "B at the right");
  const slider = viewer.getByRole("slider");
  const edge = await app.canvas.middle(slider);
  const box = await shot.boundingBox();
  await app.canvas.drag(edge, { x: box.x + box.width * 0.9, y: edge.y });
  assertColour(await colour(app, shot, 0.75), RED, "A reaches further");
  assert.ok(Math.abs(Number(await slider.getAttribute("aria-valuenow")) - 90) <= 1);
  await slider.press("Home");
  assertColour(await colour(app, shot, 0.25), BLUE, "B is all of it");
  await app.page.keyboard.press("End");
  await app.page.keyboard.press("Space");
  await app.canvas.frames();
  assertColour(await colour(app, shot, 0.25), BLUE, "A and B have changed places");
  // Another one as B.
  await viewer.getByRole("button", { name: "green.png" }).click({ modifiers: ["Shift"] });
  await viewer.getByRole("tab", { name: "Side by side" }).click();
  await app.page.waitForFunction(() => document.querySelectorAll(".viewer .pane").length === 2);
  await app.page.waitForFunction(() => document.querySelectorAll('.viewer [data-shown-asset][data-loaded="true"]').length === 2);
  assertColour(await colour(app, shot.first()), BLUE, "A");
  assertColour(await colour(app, shot.last()), [40, 160, 60], "B");
  await viewer.getByRole("tab", { name: "Difference" }).click();
  await app.page.waitForFunction(() => document.querySelectorAll('.viewer .pane [data-shown-asset][data-loaded="true"]').length === 2);
  assertColour(await colour(app, shot), BLUE.map((part, at) => Math.abs(part - [40, 160, 60][at])), "what differs");
  await viewer.getByText("What differs").waitFor();
  await viewer.getByRole("button", { name: "Close" }).click();
  await viewer.waitFor({ state: "detached" });
});

test("videos and sounds have a poster and their time on the card, play, and are sought in", async (t) => {
  const app = await open(t);
  await app.newWorkflow();
  await addMedia(app, [file("film.webm", await webm(app.page)), file("tone.wav", wav(4))]);
  await fit(app);
  const film = card(app, "film.webm");
  assert.match(await film.locator("video, img").first().evaluate((shown) => shown.poster ?? shown.src), /^data:image\/jpeg/);
  assert.match(await film.locator(".foot").innerText(), /0:0[12] · /, "how long it plays");
  assert.match(await card(app, "tone.wav").locator(".foot").innerText(), /0:04 · /);
  /** Plays in the page: whether the time moves on by itself, and after it was set. */
  const playAndSeek = (player, to) =>
    player.evaluate(async (player, to) => {
      const event = (name) => new Promise((done) => player.addEventListener(name, done, { once: true }));
      player.muted = true;
      const moved = event("timeupdate");
      await player.play();
      await moved;
      player.pause();
      const sought = event("seeked");
      player.currentTime = to;
      await sought;
      const resumed = event("timeupdate");
      await player.play();
      await resumed;
      player.pause();
      return { time: player.currentTime, duration: player.duration };
    }, to);
  for (const [name, kind, to] of [["film.webm", "video", 0.8], ["tone.wav", "audio", 3]]) {
    const onCard = card(app, name).locator(kind);
    await onCard.waitFor();
    assert.ok((await playAndSeek(onCard, to)).time >= to, `${name} on its card`);
    const viewer = await view(app, name);
    const player = viewer.locator(kind);
    await player.waitFor();
    assert.ok((await playAndSeek(player, to)).time >= to, `${name} in the viewer`);
    await app.page.keyboard.press("Escape");
    await viewer.waitFor({ state: "detached" });
  }
});
