// Somebody who writes in a tab: many edits of a few registers of the same nodes, each known from when it is made until it is said to
// be saved. Registers that one author alone writes have, at the end, what that author wrote last.

import assert from "node:assert/strict";
import { patience } from "./app.mjs";
import { STEP } from "./kinds.mjs";
import { haveNodes } from "./media.mjs";
import { importButton, lookedOver } from "./packages.mjs";
import { storedRows } from "./stored.mjs";
import { packageOfNodes } from "./zip.mjs";

const NODES = 6;
export const REGISTERS = ["position", "title", "config.instruction", "config.seed"];

/** Where each node begins. It is nudged no further than the next is away. */
const origin = (index) => ({ x: (index % 3) * 320, y: Math.floor(index / 3) * 240 });

/** Makes the nodes that authors work on. Their strength, which nobody changes, tells which of them the inspector shows. */
export async function layOut(app) {
  const nodes = Array.from({ length: NODES }, (_, index) => ({
    ...{ type: STEP.type, title: "", position: origin(index) },
    config: { strength: index, instruction: "", seed: 0 },
  }));
  const report = await lookedOver(app, "nodes.genaiw.zip", packageOfNodes("Nodes", nodes));
  assert.ok(report.valid, report.text);
  await importButton(app).click();
  await haveNodes(app, NODES);
}

/** What nobody has written yet. */
const blank = (index) => ({ position: origin(index), title: "", "config.instruction": "", "config.seed": 0 });

export class Author {
  /** What was last said to be saved, by node and register. */
  #saved = {};
  /** What was begun since: `{ index, register, values }`. */
  #begun;
  #edits = 0;
  #heard = () => {};
  #next = 1;

  constructor(name, registers) {
    this.name = name;
    this.registers = registers;
  }

  /** Sits down at a tab. Returns itself. */
  async at(app) {
    this.app = app;
    await app.page.addInitScript(giveHands, patience);
    await app.page.evaluate(giveHands, patience);
    await app.page.exposeFunction("begins", (index, register, values) => (this.#begun = { index, register, values }));
    await app.page.exposeFunction("isSaved", () => {
      const { index, register, values } = this.#begun;
      this.#note(index, register, values.at(-1));
      this.#edits += values.length;
      this.#next += values.length;
      this.#begun = undefined;
      this.#heard();
    });
    return this;
  }

  /** So many edits: each node in turn, then any of them. Ends when all of them are said to be saved. */
  write(edits, seed) {
    const { name, registers } = this;
    return this.app.page.evaluate(writeOn, { name, registers, edits, seed, next: this.#next, origins: origins() });
  }

  /** Waits until so many edits were said to be saved. */
  #reaches(edits) {
    return new Promise((done) => {
      this.#heard = () => this.#edits >= edits && done();
      this.#heard();
    });
  }

  /** Has this tab written in, and does something to it in the middle of that. */
  async interrupt(edits, seed, what) {
    const writing = this.write(edits, seed).then(
      () => assert.fail(`${this.name} had written everything before the interruption`),
      () => {},
    );
    await Promise.race([this.#reaches(this.#edits + Math.ceil(edits / 3)), writing]);
    await what();
    await writing;
  }

  /**
   * After an interruption: what is here is what was last said to be saved, or what was begun after it. `made`: the very last that was
   * made, if that has to be here.
   */
  interrupted(nodes, made) {
    if (made) assert.deepEqual(nodes[made.index][made.register], made.value, `the last of ${this.name}’s edits`);
    if (this.#begun) {
      const { index, register, values } = this.#begun;
      const here = nodes[index][register];
      const could = [this.#expected(index, register), ...values];
      assert.ok(could.some((value) => same(value, here)), `${this.name}’s ${register} of node ${index}: ${show(here)} is none of ${show(could)}`);
      this.#note(index, register, here);
      this.#next += values.length;
      this.#begun = undefined;
    }
    this.assertKept(nodes, "after an interruption");
  }

  /** What this author was told to be saved is what is there. */
  assertKept(nodes, where) {
    assert.equal(this.#begun, undefined, "nothing is under way");
    nodes.forEach((node, index) => {
      for (const register of this.registers) {
        assert.deepEqual(node[register], this.#expected(index, register), `${this.name}’s ${register} of node ${index}, ${where}`);
      }
    });
  }

  #note(index, register, value) {
    this.#saved[`${index} ${register}`] = value;
  }

  #expected(index, register) {
    return this.#saved[`${index} ${register}`] ?? blank(index)[register];
  }
}

const show = (value) => JSON.stringify(value);
const same = (one, other) => show(one) === show(other);
const origins = () => Array.from({ length: NODES }, (_, index) => origin(index));

/** What a tab was last told to make by `write`, even if it was interrupted. */
export const lastMade = (app) => app.page.evaluate(() => JSON.parse(sessionStorage.getItem("made")));

/**
 * In the page: selects a node, changes it a few times as a hand would, though faster, waits for it to be saved, and so on. Tells the
 * test what it begins and what is saved.
 */
async function writeOn({ name, registers, edits, seed, next, origins }) {
  const { canvas, card, count, field, frame, pause, select, until } = window.hands;
  let state = seed;
  // Of such a series the low bits repeat soon.
  const roll = (sides) => ((state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) >>> 12) % sides;
  const at = (index) => ({ x: Number(card(index).dataset.x), y: Number(card(index).dataset.y) });
  // Arrows, none of which leads away.
  const walk = (index, steps) => {
    const place = at(index);
    return Array.from({ length: steps }, () => {
      const axis = roll(2) ? "x" : "y";
      const away = place[axis] - origins[index][axis];
      place[axis] += Math.abs(away) >= 24 ? -Math.sign(away) * 6 : roll(2) ? 6 : -6;
      return { ...place };
    });
  };
  const values = (index, register, length) => {
    if (register === "position") return walk(index, length);
    const numbers = Array.from({ length }, (_, at) => next + at);
    return register === "config.seed" ? numbers : numbers.map((number) => `${name} ${number}`);
  };
  const labels = { title: "Title", "config.instruction": "Instruction", "config.seed": "Seed" };
  const make = (register, value, before) => {
    if (register !== "position") {
      const element = field(labels[register]);
      element.value = value;
      element.dispatchEvent(new InputEvent("input", { bubbles: true }));
      return;
    }
    const key = value.x > before.x ? "ArrowRight" : value.x < before.x ? "ArrowLeft" : value.y > before.y ? "ArrowDown" : "ArrowUp";
    canvas().dispatchEvent(new KeyboardEvent("keydown", { key, code: key, bubbles: true, cancelable: true }));
  };
  for (let [done, turn] = [0, 0]; done < edits; turn++) {
    const index = turn < count() ? turn : roll(count());
    await select(index);
    const register = registers[roll(registers.length)];
    const batch = values(index, register, Math.min(1 + roll(4), edits - done));
    await window.begins(index, register, batch);
    let before = at(index);
    for (const value of batch) {
      make(register, value, before);
      // In the same task, so that it is known however soon the page goes.
      sessionStorage.setItem("made", JSON.stringify({ index, register, value }));
      before = value;
      if (roll(2)) await pause();
    }
    done += batch.length;
    next += batch.length;
    // The edit is shown, and so is that it isn't saved, before anybody asks whether it is.
    await frame();
    await frame();
    await until(() => document.querySelector("[data-save-state]").dataset.saveState === "saved", "saved");
    await window.isSaved();
  }
}

/** The registers of all nodes as an author's tab shows them, in the order in which they were laid out. */
export const shownNodes = (app) => app.page.evaluate(readNodes);

/** In the page. */
async function readNodes() {
  const { card, count, field, select } = window.hands;
  const nodes = [];
  for (let index = 0; index < count(); index++) {
    await select(index);
    const { x, y } = card(index).dataset;
    nodes.push({
      position: { x: Number(x), y: Number(y) },
      title: field("Title").value,
      "config.instruction": field("Instruction").value,
      "config.seed": Number(field("Seed").value),
    });
  }
  return nodes;
}

/** In the page: gives it `hands`, which select the nodes and find the inspector's fields. */
function giveHands(patience) {
  const pause = () => new Promise((done) => setTimeout(done));
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const until = async (condition, what) => {
    for (const end = performance.now() + patience; !condition(); await pause()) {
      if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    }
  };
  const cards = () => [...document.querySelectorAll("[data-node-id]")];
  // They keep their places but for a few steps.
  const place = ({ dataset: { x, y } }) => Math.round(Number(y) / 240) * 3 + Math.round(Number(x) / 320);
  const card = (index) => cards().find((card) => place(card) === index);
  const field = (label) => {
    const labels = [...document.querySelectorAll('[aria-label="Inspector"] label')];
    return document.getElementById(labels.find(({ textContent }) => textContent === label)?.htmlFor);
  };
  const select = async (index) => {
    const header = card(index).querySelector('[data-part="header"]');
    const { left, top, width, height } = header.getBoundingClientRect();
    const pointer = { pointerId: 1, pointerType: "mouse", isPrimary: true, bubbles: true, cancelable: true };
    for (const [type, buttons] of [["pointerdown", 1], ["pointerup", 0]]) {
      const here = { clientX: left + width / 3, clientY: top + height / 2, button: 0, buttons };
      header.dispatchEvent(new PointerEvent(type, { ...pointer, ...here }));
    }
    await until(() => field("Strength")?.value === String(index), `node ${index} in the inspector`);
  };
  const canvas = () => document.querySelector("[data-canvas]");
  window.hands = { canvas, card, count: () => cards().length, field, frame, pause, select, until };
}

/** The same as they are stored. */
export async function storedNodes(page) {
  const nodes = [];
  for (const { value } of await storedRows(page, "nodes")) {
    const { fields } = JSON.parse(value.text ?? value);
    nodes[fields["config.strength"]] = Object.fromEntries(REGISTERS.map((register) => [register, fields[register]]));
  }
  return nodes;
}
