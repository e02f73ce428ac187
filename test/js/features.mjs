// What every JavaScript client must be able to do with a server. The libraries differ little: nats-core (ws),
// transport-node (tcp) and nats.ws (ws), in Node and in a browser.
//
// A library is {name, edge, connect(server, options), headers, bodies}: edge says that it speaks WebSocket, connect is
// the library's own with the server's address filled in.

import { equal, Mailbox, ok, rejects, soon, status } from "./check.mjs";

/** Play is one library, one running server, and the connections made to it. */
export class Play {
  #open = [];

  constructor(library, server) {
    this.library = library;
    this.server = server;
  }

  async connect(options = {}) {
    const nc = await this.library.connect(this.server, {
      timeout: 20_000,
      reconnectTimeWait: 20,
      reconnectJitter: 0,
      maxReconnectAttempts: -1,
      ...options,
    });
    this.#open.push(nc);
    return nc;
  }

  async end() {
    for (const nc of this.#open) await nc.close();
  }
}

/** features are those that share one server: name, then what to do. */
export const features = [
  ["publish and subscribe", publish],
  ["wildcards", wildcards],
  ["queue group", queueGroup],
  ["request and reply", request],
  ["many requests", manyRequests],
  ["headers", headers],
  ["no responders", noResponders],
  ["1 MiB payload", largePayload],
  ["payload over the limit", tooLarge],
  ["unsubscribe after some", unsubscribeAfter],
  ["drain", drain],
  ["flush and round trip", flush],
  ["no echo", noEcho],
  ["order", order],
  ["server facts", facts],
];

/** lifecycle are those that need a server of their own: name, its configuration, what to do. */
export const lifecycle = [
  ["reconnect after a restart", {}, reconnect],
  ["lame duck", { config: 'lame_duck_duration: "30s"' }, lameDuck],
  ["user and password", { config: "authorization { user: ann, password: secret }" }, user],
  ["token", { config: "authorization { token: s3cr3t }" }, token],
  ["user by flag", { args: ["--user", "ann", "--pass", "secret"] }, user],
];

const text = (m) => new TextDecoder().decode(m.data);

async function publish(play) {
  const [a, b] = [await play.connect(), await play.connect()];
  const box = new Mailbox();
  a.subscribe("greet", box);
  await a.flush();
  b.publish("greet", "hello", { reply: "reply.here" });
  b.publish("greet");
  b.publish("greet", new Uint8Array([0, 255, 13, 10, 0]));
  const first = await box.next();
  equal([first.subject, first.reply, text(first)], ["greet", "reply.here", "hello"]);
  equal((await box.next()).data.length, 0, "length of an empty body");
  equal([...(await box.next()).data], [0, 255, 13, 10, 0], "bytes");
}

async function wildcards(play) {
  const nc = await play.connect();
  const [star, tail] = [new Mailbox(), new Mailbox()];
  nc.subscribe("a.*.c", star);
  nc.subscribe("a.>", tail);
  for (const subject of ["a.b.c", "a.b.d", "b.b.c", "a.b.c.d"]) nc.publish(subject, subject);
  await nc.flush();
  equal([star.size, tail.size], [1, 3], "messages");
}

async function queueGroup(play) {
  const counts = [0, 0, 0];
  const messages = 150;
  let arrived;
  const all = new Promise((resolve) => (arrived = resolve));
  for (const i of counts.keys()) {
    const nc = await play.connect();
    nc.subscribe("job.*", {
      queue: "workers",
      callback: () => {
        counts[i]++;
        if (counts.reduce((a, b) => a + b) === messages) arrived();
      },
    });
    await nc.flush();
  }
  const publisher = await play.connect();
  for (let i = 0; i < messages; i++) publisher.publish(`job.${i}`);
  await soon(all, `end of the queue, ${counts}`);
  await publisher.flush();
  equal(counts.reduce((a, b) => a + b), messages, "deliveries");
  ok(!counts.includes(0), `a member got nothing: ${counts}`);
}

async function request(play) {
  const [service, client] = [await play.connect(), await play.connect()];
  service.subscribe("upper", { callback: (_, m) => m.respond(text(m).toUpperCase()) });
  await service.flush();
  equal(text(await client.request("upper", "one", { timeout: 20_000 })), "ONE");
  equal(text(await client.request("upper", "two", { timeout: 20_000, noMux: true })), "TWO");
}

async function manyRequests(play) {
  const [service, client] = [await play.connect(), await play.connect()];
  service.subscribe("echo", { queue: "q", callback: (_, m) => m.respond(m.data) });
  await service.flush();
  const asked = Array.from({ length: 200 }, (_, i) => client.request("echo", String(i), { timeout: 20_000 }));
  equal((await Promise.all(asked)).map(text), asked.map((_, i) => String(i)), "replies");
}

async function headers(play) {
  const [a, b] = [await play.connect(), await play.connect()];
  const box = new Mailbox();
  a.subscribe("with.headers", box);
  await a.flush();
  const sent = play.library.headers();
  sent.append("Trace-Id", "42");
  sent.append("Many", "one");
  sent.append("Many", "two: and a colon");
  b.publish("with.headers", "body", { headers: sent });
  const got = await box.next();
  equal([got.headers.get("Trace-Id"), got.headers.values("Many"), text(got)], ["42", ["one", "two: and a colon"], "body"]);
}

async function noResponders(play) {
  const nc = await play.connect();
  await rejects(nc.request("nobody.is.there", "", { timeout: 20_000 }), /no ?responders|503/i);
}

async function largePayload(play) {
  const [a, b] = [await play.connect(), await play.connect()];
  const box = new Mailbox();
  a.subscribe("big", box);
  await a.flush();
  // nats-server counts the verb of a compressed message too.
  const limit = a.info.max_payload - (play.server.target === "stock" ? 64 : 0);
  for (const size of [126, 65_535, 65_536, 300_000, limit]) {
    const body = new Uint8Array(size);
    let seed = size;
    for (let i = 0; i < size; i++) {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff;
      body[i] = size % 2 ? seed >> 16 : i >> 12;
    }
    b.publish("big", body);
    const got = (await box.next()).data;
    ok(got.length === size && got.every((x, i) => x === body[i]), `body of ${size} bytes came as ${got.length} bytes`);
  }
}

async function tooLarge(play) {
  const nc = await play.connect();
  await rejects((async () => nc.publish("big", new Uint8Array(nc.info.max_payload + 1)))(), /max_?payload/i);
}

async function unsubscribeAfter(play) {
  const nc = await play.connect();
  const [max, later] = [new Mailbox(), new Mailbox()];
  nc.subscribe("some", { max: 3, callback: max.callback });
  const sub = nc.subscribe("some", later);
  for (let i = 0; i < 10; i++) nc.publish("some");
  await nc.flush();
  sub.unsubscribe();
  nc.publish("some");
  await nc.flush();
  equal([max.size, later.size], [3, 10], "messages");
}

async function drain(play) {
  const [a, b] = [await play.connect(), await play.connect()];
  const box = new Mailbox();
  a.subscribe("drained", box);
  await a.flush();
  for (let i = 0; i < 300; i++) b.publish("drained", "x");
  await b.flush();
  await soon(a.drain(), "end of the drain");
  equal(box.size, 300, "messages");
  ok(a.isClosed(), "the connection is open after its drain");
}

async function flush(play) {
  const nc = await play.connect();
  await soon(nc.flush(), "flush");
  ok((await soon(nc.rtt(), "round trip")) >= 0, "round trip");
}

async function noEcho(play) {
  const [nc, other] = [await play.connect({ noEcho: true }), await play.connect()];
  const [mine, theirs] = [new Mailbox(), new Mailbox()];
  nc.subscribe("echo.off", mine);
  other.subscribe("echo.off", theirs);
  await Promise.all([nc.flush(), other.flush()]);
  nc.publish("echo.off", "quiet");
  await theirs.next();
  await nc.flush();
  equal(mine.size, 0, "messages");
}

async function order(play) {
  const [a, b] = [await play.connect(), await play.connect()];
  const box = new Mailbox();
  a.subscribe("seq.>", box);
  await a.flush();
  for (let i = 0; i < 3000; i++) b.publish(`seq.${i % 7}`, String(i));
  for (let i = 0; i < 3000; i++) equal(text(await box.next()), String(i), "message");
}

async function facts(play) {
  const nc = await play.connect({ name: "facts" });
  const { version, proto, headers, max_payload, client_ip, client_id } = nc.info;
  equal({ version, proto, headers, max_payload, client_ip },
    { version: "2.15.2", proto: 1, headers: true, max_payload: 1 << 20, client_ip: "127.0.0.1" }, "INFO");
  ok(client_id > 0 && nc.info.server_id, "client_id and server_id");
}

async function reconnect(play) {
  const nc = await play.connect();
  const box = new Mailbox();
  nc.subscribe("again", box);
  await nc.flush();
  const [gone, back] = [status(nc, "disconnect"), status(nc, "reconnect")];
  await play.server.restart();
  await gone;
  await back;
  await nc.flush(); // the server has read the subscription again
  const other = await play.connect();
  other.publish("again", "from a new client");
  equal(text(await box.next()), "from a new client");
}

async function lameDuck(play) {
  const nc = await play.connect();
  const notice = status(nc, "ldm");
  await play.server.lameDuck();
  await notice;
  const box = new Mailbox();
  nc.subscribe("still", box);
  nc.publish("still", "here");
  equal(text(await box.next()), "here");
  await nc.close();
  await play.server.kill(); // the grace period is ten seconds
}

async function user(play) {
  await rejects(play.connect({ reconnect: false }), /authorization/i);
  await rejects(play.connect({ reconnect: false, user: "ann", pass: "x" }), /authorization/i);
  await publish({ connect: () => play.connect({ user: "ann", pass: "secret" }) });
}

async function token(play) {
  await rejects(play.connect({ reconnect: false }), /authorization/i);
  await rejects(play.connect({ reconnect: false, token: "x" }), /authorization/i);
  await publish({ connect: () => play.connect({ token: "s3cr3t" }) });
}
