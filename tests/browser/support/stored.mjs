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
