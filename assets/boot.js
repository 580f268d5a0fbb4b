// Says in words that the app could not start. As long as it has drawn nothing, every error is about that; afterwards the
// app speaks for itself.

const main = document.getElementById("main");
const boot = document.querySelector(".boot");

function failed(reason) {
  if (main.hasChildNodes()) return;
  document.documentElement.dataset.atelier = "failed";
  boot.setAttribute("role", "alert");
  boot.textContent = `Atelier could not start (${reason}). Reload the page; if it stays like this, try a newer browser.`;
}

// Capturing, because a script that could not be fetched tells only its own element.
addEventListener("error", (event) => {
  if (event instanceof ErrorEvent) failed(event.message);
  else if (event.target instanceof HTMLScriptElement) failed("a part of it could not be loaded");
}, true);

addEventListener("unhandledrejection", (event) => failed(event.reason?.message ?? event.reason));
