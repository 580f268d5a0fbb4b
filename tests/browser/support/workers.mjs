// The page's worker, and ways to take it or what it needs away.

/** Keeps every worker that the page starts in `window.workers`. To be called before the page is opened. */
export const watchWorkers = (page) =>
  page.addInitScript(() => {
    window.workers = [];
    window.Worker = class extends Worker {
      constructor(...all) {
        super(...all);
        window.workers.push(this);
      }
    };
  });

/** Ends the newest worker, as the browser does with one that takes too much. The page is told nothing. */
export const endWorker = (page) => page.evaluate(() => window.workers.at(-1).terminate());

/** The script that the page and its worker start from, with something before and behind it. */
export const changeScript = (page, before, behind = "") =>
  page.route(/(app|conformance|bench)[^/]*\.js$/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${before}\n${await response.text()}\n${behind}` });
  });

/** Takes a worker's quick access to private files away. */
export const withoutHandles = (page) => changeScript(page, "delete globalThis.FileSystemFileHandle?.prototype.createSyncAccessHandle;");

/** Has no worker of the page ever say anything. */
export const withMuteWorkers = (page) =>
  changeScript(page, 'if (typeof window === "undefined") globalThis.postMessage = () => {};');

/** Takes workers away. */
export const withoutWorkers = (page) => page.addInitScript(() => delete window.Worker);

/** Takes the private files away. */
export const withoutFiles = (page) => page.addInitScript(() => delete StorageManager.prototype.getDirectory);

/** Has the database refuse blobs, as Safari's private windows do: the request fails, and everything else is taken. */
export const withoutBlobs = (page) =>
  page.addInitScript(() => {
    const { put } = IDBObjectStore.prototype;
    IDBObjectStore.prototype.put = function (value, ...key) {
      if (!(value instanceof Blob)) return put.call(this, value, ...key);
      put.call(this, null, ...key);
      // What is there already can't be added.
      return this.add(null, ...key);
    };
  });

/** Has pictures written as PNG where WebP is asked for, as Safari does. It counts where the page does the work. */
export const withoutWebp = (page) =>
  page.addInitScript(() => {
    const { convertToBlob } = OffscreenCanvas.prototype;
    OffscreenCanvas.prototype.convertToBlob = function (options) {
      return convertToBlob.call(this, options?.type === "image/webp" ? { type: "image/png" } : options);
    };
  });

/** The paths of all private files. */
export const privateFiles = (page) =>
  page.evaluate(async () => {
    const walk = async (folder, path) => {
      const found = [];
      for await (const [name, handle] of folder.entries()) {
        if (handle.kind === "file") found.push(`${path}${name}`);
        else found.push(...(await walk(handle, `${path}${name}/`)));
      }
      return found;
    };
    return walk(await navigator.storage.getDirectory(), "");
  });
