// A folder as a user chooses one. The dialog can't be pressed without a screen, so it gives a folder of the browser's own; what
// the browser says of permissions is played as it plays it: asked again after each start, and only in a click.

/** The name of what is chosen. */
export const FOLDER = "My disk";

/** Puts the dialog and the permissions into every page of the context. */
export function withFolders(context) {
  return context.addInitScript((folder) => {
    const refusal = (name) => new DOMException(`played: ${name}`, name);
    const inClick = () => {
      if (!navigator.userActivation.isActive) throw refusal("SecurityError");
    };
    const set = (permission) => localStorage.setItem("played permission", permission);
    const permission = () => localStorage.getItem("played permission") ?? "prompt";
    const name = () => localStorage.getItem("played choice") ?? folder;
    const isChosen = (handle) => handle.name === folder || handle.name === name();

    window.showDirectoryPicker = async ({ mode }) => {
      inClick();
      if (mode !== "readwrite") throw new TypeError("it is to be written");
      if (name() === "") throw refusal("AbortError");
      set("granted");
      return (await navigator.storage.getDirectory()).getDirectoryHandle(name(), { create: true });
    };
    FileSystemHandle.prototype.queryPermission = async function () {
      return isChosen(this) ? permission() : "granted";
    };
    FileSystemHandle.prototype.requestPermission = async function () {
      if (permission() === "prompt") {
        inClick();
        set(localStorage.getItem("played answer") ?? "granted");
      }
      return permission();
    };
    const real = FileSystemDirectoryHandle.prototype.getDirectoryHandle;
    FileSystemDirectoryHandle.prototype.getDirectoryHandle = async function (...all) {
      if (isChosen(this) && permission() !== "granted") throw refusal("NotAllowedError");
      return real.apply(this, all);
    };
  }, FOLDER);
}

/** What the browser says of the folder from now on: "prompt" after it was started anew, "granted", "denied". */
export const setPermission = (page, permission) =>
  page.evaluate((permission) => localStorage.setItem("played permission", permission), permission);

/** What the user answers when asked: "granted", "denied", or "prompt" for no answer. */
export const setAnswer = (page, answer) => page.evaluate((answer) => localStorage.setItem("played answer", answer), answer);

/** Which folder the user chooses; "" closes the dialog. */
export const setChoice = (page, name) => page.evaluate((name) => localStorage.setItem("played choice", name), name);

/** Deletes the folder, as another program does. */
export const removeFolder = (page) =>
  page.evaluate(async (name) => (await navigator.storage.getDirectory()).removeEntry(name, { recursive: true }), FOLDER);

/** All files below a folder of the browser's own, by their path in it. */
export function filesIn(page, name) {
  return page.evaluate(async (name) => {
    const walk = async (folder) => {
      const found = [];
      for await (const [name, entry] of folder.entries()) {
        if (entry.kind === "file") found.push(name);
        else found.push(...(await walk(entry)).map((inner) => `${name}/${inner}`));
      }
      return found;
    };
    const root = await navigator.storage.getDirectory();
    return walk(await root.getDirectoryHandle(name, { create: true }));
  }, name);
}
