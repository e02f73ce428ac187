// The stage of the Go tests (package stage): servers under test, started and stopped over HTTP. Works in Node and in a
// page that the stage itself has served.

/** Stage talks to the stage at url. */
export class Stage {
  constructor(url) {
    this.url = url;
  }

  /** start starts a server: {config, websocket, secure, args}. */
  async start(wish = {}) {
    return new Server(this, await this.#post("/servers", wish));
  }

  async #post(path, body) {
    const response = await fetch(this.url + path, { method: "POST", body: body && JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  act(id, action) {
    return this.#post(`/servers/${id}/${action}`);
  }
}

/** Server is one process: client, websocket and monitor are host:port. */
class Server {
  #stage;

  constructor(stage, handle) {
    this.#stage = stage;
    Object.assign(this, handle);
  }

  stop() {
    return this.#stage.act(this.id, "stop");
  }

  kill() {
    return this.#stage.act(this.id, "kill");
  }

  restart() {
    return this.#stage.act(this.id, "restart");
  }

  lameDuck() {
    return this.#stage.act(this.id, "lame-duck");
  }
}
