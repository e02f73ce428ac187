// Logins with a signature, by the stock libraries in Node. SIGNED has configurations and what clients sign with.

import test from "node:test";

import { credsAuthenticator, jwtAuthenticator, nkeyAuthenticator, wsconnect } from "@nats-io/nats-core";
import { connect as tcpConnect } from "@nats-io/transport-node";
import {
  connect as legacyConnect,
  jwtAuthenticator as legacyJWT,
  nkeyAuthenticator as legacyNkey,
} from "nats.ws";
import { WebSocket as WS } from "ws";

import { equal, rejects } from "./check.mjs";
import { Stage } from "./stage.mjs";

const stage = new Stage(process.env.STAGE);
const { keys, seed, operator, jwt, jwtSeed } = JSON.parse(process.env.SIGNED);
const bytes = (text) => new TextEncoder().encode(text);
const stranger = jwtSeed; // it signs for somebody else

const wsFactory = (url) => ({ socket: new WS(url), encrypted: false });
const libraries = [
  {
    name: "nats-core over ws",
    connect: (server, options) => wsconnect({ servers: `ws://${server.websocket}`, wsFactory, ...options }),
    nkey: nkeyAuthenticator,
    jwt: jwtAuthenticator,
  },
  {
    name: "transport-node over tcp",
    connect: (server, options) => tcpConnect({ servers: server.client, ...options }),
    nkey: nkeyAuthenticator,
    jwt: jwtAuthenticator,
  },
  {
    name: "nats.ws",
    connect: (server, options) => legacyConnect({ servers: `ws://${server.websocket}`, wsFactory, ...options }),
    nkey: legacyNkey,
    jwt: legacyJWT,
  },
];

// enter comes in, and says what came back of a message to itself.
async function enter(library, server, authenticator) {
  const nc = await library.connect(server, { authenticator, reconnect: false, timeout: 20_000 });
  try {
    const sub = nc.subscribe("in", { max: 1 });
    nc.publish("in", "hello");
    for await (const m of sub) return m.string();
  } finally {
    await nc.close();
  }
}

for (const library of libraries) {
  test(`${library.name}: nkey`, async () => {
    const server = await stage.start({ config: keys });
    equal(await enter(library, server, library.nkey(bytes(seed))), "hello");
    await rejects(enter(library, server, library.nkey(bytes(stranger))), /authorization/i);
    await rejects(enter(library, server), /authorization/i);
  });

  test(`${library.name}: JWT`, async () => {
    const server = await stage.start({ config: operator });
    equal(await enter(library, server, library.jwt(jwt, bytes(jwtSeed))), "hello");
    await rejects(enter(library, server, library.jwt(jwt, bytes(seed))), /authorization/i);
    await rejects(enter(library, server), /authorization/i);
  });
}

test("a file of credentials", async () => {
  const server = await stage.start({ config: operator });
  const file = `-----BEGIN NATS USER JWT-----\n${jwt}\n------END NATS USER JWT------\n\n` +
    `-----BEGIN USER NKEY SEED-----\n${jwtSeed}\n------END USER NKEY SEED------\n`;
  equal(await enter(libraries[0], server, credsAuthenticator(bytes(file))), "hello");
});
