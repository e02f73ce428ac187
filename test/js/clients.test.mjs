// The stock JavaScript clients in Node. STAGE is the address of a stage (package stage of the Go tests), which starts
// these tests.

import { readFileSync } from "node:fs";
import test from "node:test";

import { headers, wsconnect } from "@nats-io/nats-core";
import { connect as tcpConnect } from "@nats-io/transport-node";
import { connect as legacyConnect, headers as legacyHeaders } from "nats.ws";
import { WebSocket as WS } from "ws";

import { features, lifecycle, Play } from "./features.mjs";
import { Stage } from "./stage.mjs";

const stage = new Stage(process.env.STAGE);

// edgeFactory makes sockets of the ws package; the server's certificate signs itself.
const edgeFactory = (server, perMessageDeflate) => (url) => {
  const ca = url.startsWith("wss:") ? readFileSync(server.ca) : undefined;
  const socket = new WS(url, { perMessageDeflate, ca });
  socket.on("open", () => {
    if (perMessageDeflate !== (socket.extensions === "permessage-deflate")) socket.terminate(); // and so no test passes
  });
  return { socket, encrypted: ca !== undefined };
};

// edge is a library over ws:// or wss://, through the ws package, with and without permessage-deflate.
const edge = (name, connect, headers, secure, deflate) => ({
  name: `${name} over ${secure ? "wss" : "ws"}${deflate ? ", compressed" : ""}`,
  secure,
  headers,
  connect: (server, options) =>
    connect({
      servers: `${secure ? "wss" : "ws"}://${server.websocket}`,
      wsFactory: edgeFactory(server, deflate),
      ...options,
    }),
});

// plain is transport-node over TCP or TLS.
const plain = (secure) => ({
  name: `transport-node over ${secure ? "tls" : "tcp"}`,
  secure,
  headers,
  connect: (server, options) =>
    tcpConnect({ servers: server.client, ...(secure && { tls: { caFile: server.ca } }), ...options }),
});

const libraries = [
  plain(false),
  plain(true),
  edge("nats-core", wsconnect, headers, false, false),
  edge("nats-core", wsconnect, headers, false, true),
  edge("nats-core", wsconnect, headers, true, true),
  edge("nats.ws", legacyConnect, legacyHeaders, false, false),
  edge("nats.ws", legacyConnect, legacyHeaders, false, true),
];
if (globalThis.WebSocket) {
  libraries.push({
    name: "nats-core over ws, WebSocket of Node",
    headers,
    connect: (server, options) => wsconnect({ servers: `ws://${server.websocket}`, ...options }),
  });
}

for (const library of libraries) {
  test(library.name, async (t) => {
    const server = await stage.start({ secure: library.secure });
    for (const [name, feature] of features) {
      await t.test(name, () => perform(new Play(library, server), feature));
    }
    for (const [name, wish, feature] of lifecycle) {
      await t.test(name, async () => {
        const own = await stage.start({ secure: library.secure, ...wish });
        await perform(new Play(library, own), feature);
      });
    }
  });
}

async function perform(play, feature) {
  try {
    await feature(play);
  } finally {
    await play.end();
  }
}
