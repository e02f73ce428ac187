// The features of the stock clients in a page of the stage. The Go tests (package browser) call open once, then
// window.perform with the name of each feature.

import { equal } from "./check.mjs";
import { features, lifecycle, Play } from "./features.mjs";
import { Stage } from "./stage.mjs";

/** open loads a library and starts the server that most features share. */
export async function open(module, connect, compression) {
  const library = await import(module);
  const stage = new Stage(location.origin);
  const edge = `compression: ${compression}`;
  const adapter = {
    headers: library.headers,
    connect: (server, options) => library[connect]({ servers: `ws://${server.websocket}`, ...options }),
  };
  const shared = await stage.start({ websocket: edge });
  await agreed(shared, compression);
  const all = [...features.map(([name, feature]) => [name, null, feature]), ...lifecycle];

  window.names = () => all.map(([name]) => name);

  /** perform returns what went wrong, nothing if all is well. */
  window.perform = async (wanted) => {
    const [, wish, feature] = all.find(([name]) => name === wanted);
    const play = new Play(adapter, wish ? await stage.start({ websocket: edge, ...wish }) : shared);
    try {
      await feature(play);
      return "";
    } catch (error) {
      return `${error.stack}`;
    } finally {
      await play.end();
    }
  };
}

// agreed makes sure that this is a test of compression, or of none.
async function agreed(server, compression) {
  const socket = new WebSocket(`ws://${server.websocket}`);
  await new Promise((resolve, reject) => Object.assign(socket, { onopen: resolve, onerror: reject }));
  equal(socket.extensions.split(";")[0], compression ? "permessage-deflate" : "", "extensions");
  socket.close();
}
