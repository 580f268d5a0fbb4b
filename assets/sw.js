// Keeps the app's own files, so that it starts without a network, always with files of one build.
//
// When the site is built, two constants are put before this text:
//   BUILD  names the build by what is in it
//   FILES  [path relative to this file, integrity] of every file that the app may ask for
//
// A new build waits until the user agrees: the page then says "take over". Pages of the build before, in other tabs, go on
// with their files; therefore those stay until the build after the next.

const SCOPE = registration.scope;
const OURS = `atelier ${SCOPE} `;
const NAME = OURS + BUILD;
/** The page itself. */
const PAGE = "./";
/** Files in here are named by their content: whichever build they came with, they are the same. */
const HASHED = "hashed/";

const address = (path) => new URL(path, SCOPE).href;

addEventListener("install", (event) => event.waitUntil(install()));
addEventListener("activate", (event) => event.waitUntil(activate()));
addEventListener("message", ({ data }) => {
  if (data === "take over") skipWaiting();
});
addEventListener("fetch", (event) => {
  const path = ownPath(event.request);
  if (path !== undefined) event.respondWith(answer(event.request, path));
});

/** All of the build, or nothing: a site of which only half is uploaded yet is not taken. */
async function install() {
  const cache = await caches.open(NAME);
  try {
    await Promise.all(FILES.map(([path, integrity]) => keep(cache, path, integrity)));
  } catch (error) {
    await caches.delete(NAME);
    throw error;
  }
}

async function keep(cache, path, integrity) {
  const url = address(path);
  const known = path.startsWith(HASHED) ? await caches.match(url) : undefined;
  const response = known ?? (await fetch(url, { integrity, cache: "no-cache" }));
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  await cache.put(url, response);
}

async function activate() {
  // In the order in which they were made.
  const others = (await caches.keys()).filter((name) => name.startsWith(OURS) && name !== NAME);
  await Promise.all(others.slice(0, -1).map((name) => caches.delete(name)));
  // On the first visit the page that is there already is looked after too.
  await clients.claim();
}

/** The path of a request that is answered here, as in FILES. */
function ownPath(request) {
  if (request.method !== "GET" || request.headers.has("range") || !request.url.startsWith(SCOPE)) return undefined;
  const url = new URL(request.url);
  url.search = url.hash = "";
  const path = url.href.slice(SCOPE.length);
  if (path === "" || path === "index.html") return PAGE;
  return path.startsWith(HASHED) || FILES.some(([own]) => own === path) ? path : undefined;
}

async function answer(request, path) {
  const cache = await caches.open(NAME);
  const url = address(path);
  return (await cache.match(url)) ?? (path.startsWith(HASHED) ? await caches.match(url) : undefined) ?? fetch(request);
}
