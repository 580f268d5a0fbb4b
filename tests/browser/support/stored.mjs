// What is in the database, read past the app.

/** The rows of a table, or of all tables (`{ table: rows }`), with their keys, in the order of the keys. */
export function storedRows(page, table) {
  return page.evaluate(async (table) => {
    const result = (request) =>
      new Promise((done, failed) => {
        request.onsuccess = () => done(request.result);
        request.onerror = () => failed(request.error);
      });
    const database = await result(indexedDB.open("atelier"));
    try {
      const names = table ? [table] : [...database.objectStoreNames].filter((name) => name !== "kv");
      const transaction = database.transaction(names);
      const rows = {};
      for (const name of names) {
        const store = transaction.objectStore(name);
        const [keys, values] = await Promise.all([result(store.getAllKeys()), result(store.getAll())]);
        rows[name] = keys.map((key, index) => ({ key, value: values[index] }));
      }
      return table ? rows[table] : rows;
    } finally {
      database.close();
    }
  }, table);
}

/** Writes a row past the app, as a fault of the disk would. */
export function writeRow(page, table, key, value) {
  return page.evaluate(
    async ({ table, key, value }) => {
      const settled = (target, success) =>
        new Promise((done, failed) => {
          target[success] = () => done(target.result);
          target.onerror = () => failed(target.error);
        });
      const database = await settled(indexedDB.open("atelier"), "onsuccess");
      const transaction = database.transaction([table], "readwrite");
      transaction.objectStore(table).put(value, key);
      await settled(transaction, "oncomplete");
      database.close();
    },
    { table, key, value },
  );
}

/** Makes the one workflow that is stored into so many, each with all of its nodes and edges, past the app. */
export function multiply(page, workflows) {
  return page.evaluate(async (workflows) => {
    const settled = (target, success = "onsuccess") =>
      new Promise((done, failed) => {
        target[success] = () => done(target.result);
        target.onerror = () => failed(target.error);
      });
    const database = await settled(indexedDB.open("atelier"));
    const names = ["workflows", "nodes", "edges"];
    const rows = {};
    for (const name of names) {
      const table = database.transaction(name).objectStore(name);
      rows[name] = [await settled(table.getAllKeys()), await settled(table.getAll())];
    }
    const [[id], [workflow]] = rows.workflows;
    for (let number = 1; number < workflows; number++) {
      const copy = `01900000-0001-7000-8000-${number.toString(16).padStart(12, "0")}`;
      const transaction = database.transaction(names, "readwrite");
      transaction.objectStore("workflows").put(workflow.replaceAll(id, copy), copy);
      // Nodes and edges are known by their workflow and their id.
      for (const name of ["nodes", "edges"]) {
        const [keys, values] = rows[name];
        keys.forEach(([, own], index) => transaction.objectStore(name).put(values[index], [copy, own]));
      }
      await settled(transaction, "oncomplete");
    }
    database.close();
  }, workflows);
}

/**
 * The private files of these paths, or all of them (`{ path: { bytes, hash } }`), paths as assets' rows have them. What isn't
 * there is left out.
 */
export function mediaOnDisk(page, paths) {
  return page.evaluate(async (paths) => {
    const root = await navigator.storage.getDirectory();
    const walk = async (folder, path) => {
      const found = [];
      for await (const [name, handle] of folder.entries()) {
        if (handle.kind === "file") found.push([path + name, handle]);
        else found.push(...(await walk(handle, `${path}${name}/`)));
      }
      return found;
    };
    const wanted = paths && new Set(paths);
    const files = {};
    for (const [path, handle] of await walk(root, "")) {
      if (wanted && !wanted.has(path)) continue;
      // It may go while it is being looked at.
      const bytes = await handle
        .getFile()
        .then((file) => file.arrayBuffer())
        .catch((error) => {
          if (error.name !== "NotFoundError" && error.name !== "NotReadableError") throw error;
        });
      if (!bytes) continue;
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
      const hash = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
      files[path] = { bytes: bytes.byteLength, hash: `sha256-${hash}` };
    }
    return files;
  }, paths);
}
