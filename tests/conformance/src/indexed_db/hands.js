// Another program's hands on a database, and a few that reach into the engine itself. Imported before anything is opened.

/** The engine's own functions, as they were before anything here changed them. */
const engine = {
  open: IDBFactory.prototype.open,
  transaction: IDBDatabase.prototype.transaction,
  put: IDBObjectStore.prototype.put,
};

const result = (request) =>
  new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });

export const sleep = (millis) => new Promise((done) => setTimeout(done, millis));

// A database from outside.

export const destroy = (name) => result(indexedDB.deleteDatabase(name));

export const exists = async (name) =>
  // Of one whose first upgrade was undone, WebKit keeps the name, with version 0.
  (await indexedDB.databases()).some((database) => database.name === name && database.version > 0);

/**
 * Opens a connection, without a version as whoever wants to read does. Makes the tables that are missing if that upgrades it.
 * A connection that does not yield stands in the way of whoever upgrades or deletes.
 */
export async function connect(name, version, yields, tables) {
  const request = version ? engine.open.call(indexedDB, name, version) : engine.open.call(indexedDB, name);
  request.onupgradeneeded = () => {
    const present = request.result.objectStoreNames;
    for (const table of tables) if (!present.contains(table)) request.result.createObjectStore(table).put("mine", "first");
  };
  const database = await result(request);
  if (yields) database.onversionchange = () => database.close();
  return database;
}

export const disconnect = (database) => database.close();

export const tables = (database) => [...database.objectStoreNames];

export const version = (database) => database.version;

/** The path of an index, and "unique" if it is. */
export function index(database, table, name) {
  const found = engine.transaction.call(database, table).objectStore(table).index(name);
  return `${found.keyPath}${found.unique ? " unique" : ""}`;
}

async function using(name, work) {
  if (!(await exists(name))) throw new Error(`there is no database ${name}`);
  const database = await connect(name, 0, true, []);
  try {
    return await work(database);
  } finally {
    database.close();
  }
}

export const read = (name, table, key) =>
  using(name, (database) => result(engine.transaction.call(database, table).objectStore(table).get(key)));

export const write = (name, table, key, value) =>
  using(name, (database) => {
    const transaction = engine.transaction.call(database, table, "readwrite");
    engine.put.call(transaction.objectStore(table), value, key);
    return new Promise((done, failed) => {
      transaction.oncomplete = () => done();
      transaction.onabort = () => failed(transaction.error);
    });
  });

/** The keys of a table; undefined if there is no such table. */
export const keys = (name, table) =>
  using(name, (database) => {
    if (!database.objectStoreNames.contains(table)) return undefined;
    return result(engine.transaction.call(database, table).objectStore(table).getAllKeys());
  });

/** Makes it of a version in which there is no such table. */
export async function without(name, version, table) {
  const request = engine.open.call(indexedDB, name, version);
  request.onupgradeneeded = () => request.result.deleteObjectStore(table);
  (await result(request)).close();
}

/** Everything, as a text. */
export const contents = (name) =>
  using(name, async (database) => {
    const lines = [`version ${database.version}`];
    for (const table of database.objectStoreNames) {
      const store = engine.transaction.call(database, table).objectStore(table);
      const [keys, values] = await Promise.all([result(store.getAllKeys()), result(store.getAll())]);
      keys.forEach((key, at) => lines.push(JSON.stringify([table, key, values[at]])));
    }
    return lines.join("\n");
  });

// The engine from inside.

/** From now on a commit fails by these settings: at once, as with a value that cannot be cloned, or later, by a constraint. */
export function refuseSettings() {
  IDBObjectStore.prototype.put = function (value, key) {
    if (key === "refused at once") throw new DOMException("refused", "DataCloneError");
    const request = engine.put.call(this, value, key);
    if (key === "refused later") this.add(value, key);
    return request;
  };
}

const connections = {};
const transactions = [];
let requests = 0;
let refusal;

IDBFactory.prototype.open = function (...all) {
  if (refusal) throw refusal;
  const request = engine.open.apply(this, all);
  request.addEventListener("success", () => (connections[all[0]] = request.result));
  return request;
};

IDBDatabase.prototype.transaction = function (...all) {
  const transaction = engine.transaction.apply(this, all);
  transactions.push(`${transaction.mode} ${transaction.durability}`);
  return transaction;
};

for (const name of ["get", "getAllKeys", "put", "delete"]) {
  const original = IDBObjectStore.prototype[name];
  IDBObjectStore.prototype[name] = function (...all) {
    requests++;
    return original.apply(this, all);
  };
}

/** Closes the connection that was opened last, as a browser does whose storage process died. */
export const closeUnder = (name) => connections[name].close();

/** The mode and durability of each transaction so far. */
export const startedTransactions = () => transactions;

/** How many requests were queued so far. */
export const queuedRequests = () => requests;

/** From now on nothing can be opened, as in some private windows. */
export function refuseOpening() {
  refusal = new DOMException("The user denied permission to access the database.", "SecurityError");
}

/** From now on the browser has no database at all. */
export function removeIndexedDb() {
  Object.defineProperty(window, "indexedDB", { value: undefined, configurable: true });
}

/** Whether the browser has private files, which also stand in for a user's folder. */
export function hasFiles() {
  return navigator.storage?.getDirectory !== undefined;
}

/** A folder as a user would have chosen it, without the browser's dialog. */
export async function folder(name) {
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle(`chosen for ${name}`, { create: true });
}

/** From now on files can't be moved, as in some systems' folders. */
export function forgetMoves() {
  delete FileSystemFileHandle.prototype.move;
}

// What nobody caught.

const loose = [];
addEventListener("error", (event) => loose.push(`error: ${event.message}`));
addEventListener("unhandledrejection", (event) => loose.push(`rejection: ${event.reason}`));

export const looseErrors = () => loose.join("; ");
