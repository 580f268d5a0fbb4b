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
