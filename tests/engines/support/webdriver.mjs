// WebDriver: the one protocol that every engine speaks (w3.org/TR/webdriver2), with the few commands that tests need.

/** The key of an element in what is sent and answered. */
export const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";

/** Each command's method and path below the session. `:id` is the element's. */
const COMMANDS = {
  SetTimeouts: ["POST", "/timeouts"],
  Navigate: ["POST", "/url"],
  Refresh: ["POST", "/refresh"],
  GetWindowHandle: ["GET", "/window"],
  NewWindow: ["POST", "/window/new"],
  SwitchToWindow: ["POST", "/window"],
  SetWindowRect: ["POST", "/window/rect"],
  ElementClick: ["POST", "/element/:id/click"],
  ElementSendKeys: ["POST", "/element/:id/value"],
  ExecuteAsyncScript: ["POST", "/execute/async"],
  PerformActions: ["POST", "/actions"],
  TakeScreenshot: ["GET", "/screenshot"],
};

/** A driver of the engine that takes commands over HTTP. */
export class HttpDriver {
  #address;
  #session;

  /** Begins a session with the driver at this address. */
  static async connect(address, capabilities) {
    const driver = new HttpDriver();
    const { sessionId } = await request("POST", `${address}/session`, { capabilities: { alwaysMatch: capabilities } });
    driver.#address = address;
    driver.#session = `/session/${sessionId}`;
    return driver;
  }

  command(name, parameters = {}) {
    const [method, path] = COMMANDS[name];
    const { id, ...body } = parameters;
    return request(method, `${this.#address}${this.#session}${path.replace(":id", id)}`, body);
  }

  /** Ends the session, and the browser with it. */
  end() {
    return request("DELETE", `${this.#address}${this.#session}`);
  }
}

async function request(method, url, body) {
  const answer = await fetch(url, { method, body: method === "POST" ? JSON.stringify(body) : undefined });
  const { value } = await answer.json();
  if (!answer.ok) throw new Error(`${value.error}: ${value.message}`);
  return value;
}
