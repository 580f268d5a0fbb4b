
// Starts the first half of NAME, and lets the rest follow. The rest works with the first half's memory, table and globals. It has no
// state of its own, so it does no harm that it may come twice.
const there = new URL("NAME_rest.wasm", import.meta.url);
let first;

function join(rest) {
  new WebAssembly.Instance(rest, { "./rest": first });
}

/** The rest, and nothing else happens until it is there. */
function fetchAtOnce() {
  const request = new XMLHttpRequest();
  request.open("GET", there, false);
  // A page's synchronous requests give text only: one character for each byte.
  request.overrideMimeType("text/plain; charset=x-user-defined");
  request.send();
  if (request.status !== 200) throw new Error(`${request.status} ${request.statusText}`);
  return new WebAssembly.Module(Uint8Array.from(request.responseText, (letter) => letter.charCodeAt(0)));
}

/**
 * Something of the rest is wanted before it has come. WebAssembly wants it and can't wait, so it has to come at once. This can fail only
 * during the first visit: later the browser has it.
 */
function ask(slot) {
  console.info(`Door ${slot} is used before the rest has come`);
  for (;;) {
    try {
      return join(fetchAtOnce());
    } catch (error) {
      const isPage = typeof confirm === "function";
      if (!isPage || !confirm("A part of Atelier has not been loaded yet, and there is no connection. Try again?")) throw error;
    }
  }
}

async function follow() {
  for (let wait = 1_000; !first.$here.value; wait = Math.min(2 * wait, 60_000)) {
    try {
      const answer = await fetch(there);
      if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
      const rest = await WebAssembly.compile(await answer.arrayBuffer());
      if (!first.$here.value) join(rest);
    } catch {
      await new Promise((done) => setTimeout(done, wait));
    }
  }
}

export const started = (async () => {
  const imports = __wbg_get_imports();
  imports["./rest"] = { ask };
  const { instance, module } = await __wbg_load(await fetch(new URL("NAME_bg.wasm", import.meta.url)), imports);
  first = instance.exports;
  __wbg_finalize_init(instance, module);
  follow();
  return first;
})();
