// The only way out of a browser: what its pages, workers and service workers ask for, and the browser for them, passes here and is
// seen, whoever asked.

import { createServer, request } from "node:http";

/** What Chromium asks by itself when a page has text fields: what might be filled in. No page hears of that, or can prevent it. */
const BROWSERS_OWN = ["content-autofill.googleapis.com:443"];

/** A proxy for a context, `await freshContext(t, { proxy: gateway.proxy })`. It lets requests to `address` through and notes all others. */
export async function gateway(t, address) {
  const { origin } = new URL(address);
  const [passed, refused] = [[], []];
  const server = createServer((asked, answer) => {
    if (new URL(asked.url).origin !== origin) {
      refused.push(asked.url);
      answer.writeHead(502).end();
      return;
    }
    passed.push(asked.url);
    const { method, headers } = asked;
    const onward = request(asked.url, { method, headers }, (response) => {
      answer.writeHead(response.statusCode, response.headers);
      response.pipe(answer);
    });
    onward.on("error", () => answer.destroy());
    asked.pipe(onward);
  });
  // What is encrypted, and WebSockets.
  server.on("connect", ({ url }, socket) => {
    if (!BROWSERS_OWN.includes(url)) refused.push(url);
    socket.destroy();
  });
  server.on("upgrade", ({ url }, socket) => {
    refused.push(url);
    socket.destroy();
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  // Without the exception that browsers make for this machine.
  const proxy = { server: `http://127.0.0.1:${server.address().port}`, bypass: "<-loopback>" };
  return { proxy, passed, refused };
}
