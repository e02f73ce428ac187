// A login by the request for the upgrade, which the ws package can give a header. TOKEN is what the server wants.

import test from "node:test";

import { wsconnect } from "@nats-io/nats-core";
import { WebSocket as WS } from "ws";

import { equal, rejects } from "./check.mjs";
import { Stage } from "./stage.mjs";

const stage = new Stage(process.env.STAGE);
const token = "s3cr3t!";

// enter connects with a header or a list of subprotocols, and says what the server agreed to.
async function enter(server, { authorization, protocols }) {
  let socket;
  const headers = authorization && { Authorization: authorization };
  const nc = await wsconnect({
    servers: `ws://${server.websocket}`,
    timeout: 20_000,
    maxReconnectAttempts: 0,
    wsFactory: (url) => ({ socket: (socket = new WS(url, protocols ?? [], { headers })), encrypted: false }),
  });
  await nc.flush();
  await nc.close();
  return socket.protocol;
}

test("Authorization and subprotocols", async () => {
  const server = await stage.start({
    config: `authorization { token: "${token}" }`,
    websocket: "bearer_header: true\n  bearer_subprotocol: true",
  });
  const encoded = Buffer.from(token).toString("base64url");
  equal(await enter(server, { authorization: `Bearer ${token}` }), "", "header");
  equal(await enter(server, { protocols: ["nats", `nats.bearer.${token}`] }), "nats", "subprotocol");
  equal(await enter(server, { protocols: ["nats", `nats.bearer64.${encoded}`] }), "nats", "subprotocol in base64url");
  equal(await enter(server, { protocols: [`nats.bearer.${token}`] }), `nats.bearer.${token}`, "only the subprotocol with the token");
  await rejects(enter(server, { authorization: "Bearer wrong" }), /Authorization Violation/);
  await rejects(enter(server, { protocols: ["nats", "nats.bearer.wrong"] }), /Authorization Violation/);
  await rejects(enter(server, {}), /Authorization Violation/);
});
