
// Starts the first half of NAME, and lets the rest follow. The rest works with the first half's memory, table and globals. It has no
// state of its own, so it does no harm that it may come twice. `./rest`, `ask` and `$here` are the names that halves.rs gives.
const there = new URL("NAME_rest.wasm", import.meta.url);
const isPage = typeof document === "object";
let first;

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

/** Something of the rest is wanted before it has come. WebAssembly wants it and can't wait, so it has to come at once. */
function ask(slot) {
  console.info(`Door ${slot} is used before the rest has come`);
  for (;;) {
    try {
      new WebAssembly.Instance(fetchAtOnce(), { "./rest": first });
      return;
    } catch (error) {
      const isOffline = error instanceof DOMException && error.name === "NetworkError";
      const words = "A part of Atelier has not been loaded yet";
      if (isPage && isOffline && confirm(`${words}, and there is no connection. Try again?`)) continue;
      // What comes next ends what the app was about to do, and with it the app.
      if (isPage) alert(`${words} (${error.message}). Reload the page: everything that was saved is kept.`);
      throw error;
    }
  }
}

async function follow() {
  for (let wait = 1_000; !first.$here.value; wait = Math.min(2 * wait, 60_000)) {
    try {
      const answer = await fetch(there);
      if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
      // As a stream, which the browser compiles once and keeps compiled. It is started even if it has come meanwhile.
      await __wbg_load(answer, { "./rest": first });
    } catch (error) {
      console.info(`The rest has not come (${error.message}); it is tried again`);
      await new Promise((done) => setTimeout(done, wait));
    }
  }
  performance.mark("rest");
}

export const started = (async () => {
  const imports = __wbg_get_imports();
  imports["./rest"] = { ask };
  const { instance, module } = await __wbg_load(await fetch(new URL("NAME_bg.wasm", import.meta.url)), imports);
  first = instance.exports;
  __wbg_finalize_init(instance, module);
  // A worker may never want it, and holds up nobody if it does.
  if (isPage) follow();
  return first;
})();
