// Tests of the Connection of page/nats.js, without a browser or a server: node --test connection.test.mjs

import assert from "node:assert/strict";
import { test } from "node:test";
import { Connection, Message, toBytes } from "./page/nats.js";

const INFO = { server_id: "ID", server_name: "one", version: "2.15.2", headers: true, max_payload: 64, proto: 1 };
const bytes = (...parts) => Uint8Array.from(parts.flatMap((p) => [...toBytes(p)]));

// FakeSocket stands for the browser's WebSocket and for the server behind it.

class FakeSocket {
  static made = [];
  static waiting = [];
  sent = "";
  closed = false;
  constructor(url) {
    if (url === "bad:") throw new SyntaxError("not a URL");
    this.url = url;
    FakeSocket.made.push(this);
    FakeSocket.waiting.shift()?.(this);
  }
  static next() { return new Promise((resolve) => FakeSocket.waiting.push(resolve)); }
  send(b) {
    assert.ok(b instanceof Uint8Array);
    this.sent += Buffer.from(b).toString("latin1");
  }
  close() { this.closed = true; }
  say(...parts) { this.onmessage({ data: bytes(...parts).buffer }); }
  drop(code = 1006, reason = "") { this.onclose({ code, reason }); }
  taken() {
    const all = this.sent;
    this.sent = "";
    return all;
  }
  greet(info = {}) { this.say(`INFO ${JSON.stringify({ ...INFO, ...info })}\r\n`); }
  accept(info = {}) {
    this.greet(info);
    this.say("PONG\r\n");
  }
}

function dialled(options = {}) {
  const nc = new Connection("ws://fake/", { WebSocket: FakeSocket, minDelay: 1, maxDelay: 4, ...options });
  const errors = [];
  nc.addEventListener("error", (e) => errors.push(e.detail.error));
  const opened = nc.open();
  const socket = FakeSocket.made.at(-1);
  return { nc, opened, socket, errors };
}

async function connected(options, info) {
  const all = dialled(options);
  all.socket.accept(info);
  await all.opened;
  all.socket.taken();
  return all;
}

const once = (nc, type, fits = () => true) => new Promise((resolve) => {
  nc.addEventListener(type, function heard(e) {
    if (!fits(e.detail)) return;
    nc.removeEventListener(type, heard);
    resolve(e.detail);
  });
});

test("the handshake, one byte at a time", async () => {
  const { nc, opened, socket } = dialled();
  assert.equal(nc.state, "connecting");
  assert.equal(socket.binaryType, "arraybuffer");
  for (const b of bytes(`INFO ${JSON.stringify(INFO)} \r\n`)) {
    assert.equal(socket.sent, "");
    socket.say(Uint8Array.of(b));
  }
  const [, json, rest] = /^CONNECT (.*)\r\n(.*\r\n)$/.exec(socket.taken());
  assert.equal(rest, "PING\r\n");
  assert.deepEqual(JSON.parse(json), {
    verbose: false, pedantic: false, headers: true, no_responders: true, protocol: 1, lang: "weir-console",
    version: "1.0.0", echo: true, name: "Weir console",
  });
  assert.equal(nc.state, "connecting");
  socket.say("PONG\r\n");
  assert.equal(await opened, nc);
  assert.equal(nc.state, "connected");
  assert.equal(nc.info.server_name, "one");
  nc.close();
});

test("a server that sends text messages is understood too", async () => {
  const { nc, opened, socket } = dialled();
  socket.onmessage({ data: `INFO ${JSON.stringify(INFO)}\r\nPONG\r\n` });
  await opened;
  nc.close();
});

test("credentials", () => {
  for (const [options, want] of [
    [{ user: "u", pass: "p\"\u00e4" }, { user: "u", pass: "p\"\u00e4" }],
    [{ token: "t" }, { auth_token: "t" }],
    [{ user: "u", pass: "p", token: "t" }, { user: "u", pass: "p" }],
  ]) {
    const { nc, opened, socket } = dialled(options);
    socket.greet();
    const connect = JSON.parse(Buffer.from(socket.sent, "latin1").toString().slice(8).split("\r\n")[0]);
    const { user, pass, auth_token } = connect;
    assert.deepEqual(JSON.parse(JSON.stringify({ user, pass, auth_token })), want);
    nc.close();
    opened.catch(() => {});
  }
});

test("a server without headers is not asked for no_responders", async () => {
  const { nc, opened, socket } = dialled();
  socket.accept({ headers: false });
  await opened;
  const connect = JSON.parse(socket.taken().slice(8).split("\r\n")[0]);
  assert.equal(connect.headers, false);
  assert.equal(connect.no_responders, false);
  assert.throws(() => nc.publish("a", "", { headers: [["A", "b"]] }), { code: "BAD_HEADER" });
  nc.close();
});

test("opening fails", async () => {
  const bad = new Connection("bad:", { WebSocket: FakeSocket });
  await assert.rejects(bad.open(), { code: "URL" });
  assert.equal(bad.state, "closed");

  const refused = dialled();
  refused.socket.drop(1006);
  await assert.rejects(refused.opened, { code: "DISCONNECTED" });

  const login = dialled({ user: "u", pass: "wrong" });
  login.socket.greet();
  login.socket.say("-ERR 'Authorization Violation'\r\n");
  login.socket.drop(1008, "Authentication Failure");
  await assert.rejects(login.opened, { code: "SERVER", message: "Authorization Violation" });
  assert.equal(login.nc.state, "closed");
  assert.equal(login.errors.length, 1);

  const silent = dialled({ connectTimeout: 1 });
  await assert.rejects(silent.opened, { code: "TIMEOUT" });
  assert.ok(silent.socket.closed);

  const garbage = dialled();
  garbage.socket.say("HTTP/1.1 400 Bad Request\r\n");
  await assert.rejects(garbage.opened, { code: "PROTOCOL" });
  await assert.rejects(garbage.nc.open(), { code: "CLOSED" });
});

test("close while opening", async () => {
  const { nc, opened, socket } = dialled();
  nc.close();
  await assert.rejects(opened, { code: "CLOSED" });
  assert.ok(socket.closed);
  socket.accept(); // too late
  assert.equal(socket.sent, "");
  assert.equal(nc.state, "closed");
});

test("SUB, MSG, UNSUB", async () => {
  const { nc, socket } = await connected();
  const got = [];
  const all = nc.subscribe("foo.>", (m) => got.push(m));
  const some = nc.subscribe("bar", () => {}, { queue: "workers", max: 3 });
  assert.equal(socket.taken(), "SUB foo.> 1\r\nSUB bar workers 2\r\nUNSUB 2 3\r\n");
  socket.say("MSG foo.a 1 2\r\nhi\r\nMSG foo.b 9 2\r\nno\r\n");
  assert.deepEqual(got.map((m) => [m.subject, m.text(), m.size]), [["foo.a", "hi", 2]]);
  assert.ok(got[0] instanceof Message);
  assert.deepEqual(nc.stats, { inMsgs: 2, inBytes: 4, outMsgs: 0, outBytes: 0 });
  nc.unsubscribe(all);
  nc.unsubscribe(all);
  nc.unsubscribe(some);
  assert.equal(socket.taken(), "UNSUB 1\r\nUNSUB 2\r\n");
  socket.say("MSG foo.a 1 2\r\nhi\r\n");
  assert.equal(got.length, 1);
  assert.throws(() => nc.subscribe("a b", () => {}), { code: "BAD_SUBJECT" });
  assert.throws(() => nc.subscribe("a", () => {}, { queue: "b c" }), { code: "BAD_SUBJECT" });
  assert.equal(socket.taken(), "");
  nc.close();
});

test("a subscription with a maximum ends by itself", async () => {
  const { nc, socket } = await connected();
  let n = 0;
  const sub = nc.subscribe("foo", () => n++, { max: 2 });
  socket.say("MSG foo 1 0\r\n\r\n".repeat(5));
  assert.equal(n, 2);
  socket.taken();
  nc.unsubscribe(sub);
  assert.equal(socket.taken(), ""); // the server has forgotten it as well
  nc.close();
});

test("PUB and HPUB count bytes", async () => {
  const { nc, socket } = await connected();
  nc.publish("a", "\u20ac");
  nc.publish("a", Uint8Array.of(0, 13, 10, 255), { reply: "r" });
  nc.publish("a");
  nc.publish("a", "x", { headers: [["K", "\u00e4"]], reply: "r" });
  const euro = Buffer.from("\u20ac").toString("latin1"), ae = Buffer.from("\u00e4").toString("latin1");
  assert.equal(socket.taken(), `PUB a 3\r\n${euro}\r\nPUB a r 4\r\n\0\r\n\xff\r\nPUB a 0\r\n\r\n` +
    `HPUB a r 19 20\r\nNATS/1.0\r\nK: ${ae}\r\n\r\nx\r\n`);
  assert.deepEqual(nc.stats, { inMsgs: 0, inBytes: 0, outMsgs: 4, outBytes: 27 });
  nc.publish("a", "x".repeat(64));
  assert.throws(() => nc.publish("a", "x".repeat(65)), { code: "MAX_PAYLOAD" });
  assert.throws(() => nc.publish("a", "x".repeat(50), { headers: [["A", "b"]] }), { code: "MAX_PAYLOAD" });
  assert.throws(() => nc.publish("a.*", ""), { code: "BAD_SUBJECT" });
  assert.throws(() => nc.publish("a", "", { reply: "r 5\r\n" }), { code: "BAD_SUBJECT" });
  nc.close();
  assert.throws(() => nc.publish("a", ""), { code: "DISCONNECTED" });
});

test("requests share one inbox and are answered in any order", async () => {
  const { nc, socket } = await connected();
  const one = nc.request("svc", "1"), two = nc.request("svc", "2", { headers: [["A", "b"]] });
  const sent = socket.taken();
  const [, inbox] = /^SUB (_INBOX\.[0-9a-z]+\.)\* 1\r\n/.exec(sent);
  assert.equal(sent.match(/SUB /g).length, 1);
  assert.equal(sent.split("\r\n").slice(1, 4).join("|"), `PUB svc ${inbox}1 1|1|HPUB svc ${inbox}2 18 19`);
  socket.say(`MSG ${inbox}2 1 3\r\ntwo\r\nMSG ${inbox}2 1 5\r\nagain\r\nMSG ${inbox}1 1 3\r\none\r\nMSG ${inbox}7 1 0\r\n\r\n`);
  assert.equal((await one).text(), "one");
  assert.equal((await two).text(), "two");
  nc.close();
});

test("a request without responders", async () => {
  const { nc, socket } = await connected();
  const asked = nc.request("nobody", "");
  const [, reply] = /PUB nobody (\S+) 0/.exec(socket.taken());
  socket.say(`HMSG ${reply} 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n`);
  await assert.rejects(asked, { code: "NO_RESPONDERS" });
  nc.close();
});

test("a request that is too late, not allowed, not possible", async () => {
  const { nc, socket, errors } = await connected();
  await assert.rejects(nc.request("slow", "", { timeout: 1 }), { code: "TIMEOUT" });
  await assert.rejects(nc.request("a b", ""), { code: "BAD_SUBJECT" });

  const forbidden = nc.request("secret", ""), other = nc.request("fine", "", { timeout: 5000 });
  const [, reply] = /PUB fine (\S+) 0/.exec(socket.taken());
  socket.say("-ERR 'Permissions Violation for Publish to \"secret\"'\r\n");
  await assert.rejects(forbidden, { code: "SERVER" });
  socket.say(`MSG ${reply} 1 0\r\n\r\n`);
  await other;

  const deaf = nc.request("fine", "");
  socket.taken();
  socket.say(`-ERR 'Permissions Violation for Subscription to "${reply.replace(/[^.]*$/, "*")}"'\r\n`);
  await assert.rejects(deaf, { code: "SERVER" });
  assert.equal(errors.length, 2);
  assert.equal(nc.state, "connected");

  const again = nc.request("fine", "");
  assert.match(socket.taken(), /^SUB _INBOX\.[0-9a-z]+\.\* 2\r\n/);
  socket.drop();
  await assert.rejects(again, { code: "DISCONNECTED" });
  nc.close();
});

test("an inbox prefix of one's own", async () => {
  const { nc, socket } = await connected({ inboxPrefix: "_me.in" });
  nc.request("svc", "").catch(() => {});
  assert.match(socket.taken(), /^SUB _me\.in\.[0-9a-z]+\.\* 1\r\nPUB svc _me\.in\.[0-9a-z]+\.1 0\r\n/);
  nc.close();
});

test("PING and PONG in both directions", async () => {
  const { nc, socket } = await connected();
  socket.say("PING\r\n");
  assert.equal(socket.taken(), "PONG\r\n");
  const heard = once(nc, "rtt"), ping = nc.ping();
  assert.equal(socket.taken(), "PING\r\n");
  socket.say("PONG\r\nPONG\r\n");
  assert.ok((await ping) >= 0);
  assert.equal((await heard).rtt, nc.rtt);
  nc.close();
  await assert.rejects(nc.ping(), { code: "DISCONNECTED" });
});

test("an -ERR that leaves the connection open is told", async () => {
  const { nc, socket, errors } = await connected();
  socket.say("-ERR 'Permissions Violation for Subscription to \"x\"'\r\n");
  assert.equal(errors[0].message, "Permissions Violation for Subscription to \"x\"");
  assert.equal(nc.state, "connected");
  nc.close();
});

test("a callback that throws harms nobody else", async () => {
  const { nc, socket, errors } = await connected();
  let n = 0;
  nc.subscribe("foo", () => {
    if (n++ === 0) throw new Error("boom");
  });
  socket.say("MSG foo 1 0\r\n\r\nMSG foo 1 0\r\n\r\n");
  assert.equal(n, 2);
  assert.equal(errors[0].message, "boom");
  nc.close();
});

test("a callback may close the connection in the middle of a piece", async () => {
  const { nc, socket } = await connected();
  let n = 0;
  nc.subscribe("foo", () => {
    n++;
    nc.close();
  });
  socket.say("MSG foo 1 0\r\n\r\nMSG foo 1 0\r\n\r\nPING\r\n");
  assert.equal(n, 1);
  assert.ok(socket.closed);
});

test("reconnect sends the subscriptions again", async () => {
  const { nc, socket } = await connected();
  let n = 0;
  const gone = nc.subscribe("gone", () => {});
  nc.subscribe("foo", () => n++, { queue: "q" });
  const limited = nc.subscribe("lim", () => n++, { max: 5 });
  nc.unsubscribe(gone);
  socket.say("MSG lim 3 0\r\n\r\nMSG lim 3 0\r\n\r\n");
  const again = FakeSocket.next(), lost = once(nc, "state");
  socket.drop(1001, "Server Shutdown");
  const { state, reason, delay } = await lost;
  assert.equal(state, "reconnecting");
  assert.match(reason.message, /Server Shutdown.*1001/);
  assert.ok(delay > 0 && delay <= 1);
  assert.throws(() => nc.publish("a", ""), { code: "DISCONNECTED" });
  nc.subscribe("meanwhile", () => n++);
  const second = await again;
  second.greet();
  assert.equal(second.taken().replace(/^CONNECT .*\r\n/, ""),
    "SUB foo q 2\r\nSUB lim 3\r\nUNSUB 3 3\r\nSUB meanwhile 4\r\nPING\r\n");
  socket.say("MSG foo 2 0\r\n\r\n"); // the old socket has no say any more
  assert.equal(n, 2);
  second.say("PONG\r\nMSG meanwhile 4 0\r\n\r\nMSG lim 3 0\r\n\r\n");
  assert.equal(nc.state, "connected");
  assert.equal(n, 4);
  second.taken();
  nc.unsubscribe(limited, 4); // 3 were delivered, 1 of them on this socket
  assert.equal(second.taken(), "UNSUB 3 2\r\n");
  nc.close();
});

test("attempts back off up to a ceiling, with jitter", async () => {
  const { nc, socket } = await connected({ minDelay: 1, maxDelay: 6 });
  const delays = [];
  nc.addEventListener("state", (e) => e.detail.delay && delays.push(e.detail.delay));
  let again = FakeSocket.next();
  socket.drop();
  for (let i = 0; i < 7; i++) {
    const next = await again;
    again = FakeSocket.next();
    next.drop();
  }
  [1, 2, 4, 6, 6, 6, 6, 6].forEach((ceiling, i) => assert.ok(delays[i] >= ceiling / 2 && delays[i] <= ceiling, `${i}: ${delays[i]}`));
  (await again).accept();
  assert.equal(nc.state, "connected");
  nc.close();
});

test("a garbled stream is a lost connection", async () => {
  const { nc, socket } = await connected();
  const again = FakeSocket.next();
  socket.say("WHAT\r\nPING\r\n");
  assert.equal(nc.state, "reconnecting");
  assert.ok(socket.closed);
  assert.equal(socket.taken(), "");
  (await again).accept();
  nc.close();
});

test("a server that stops answering is left", async () => {
  const { nc, socket } = await connected({ pingInterval: 1 });
  const { state, reason } = await once(nc, "state");
  assert.equal(state, "reconnecting");
  assert.equal(reason.code, "TIMEOUT");
  assert.equal(socket.taken(), "PING\r\nPING\r\n");
  assert.ok(socket.closed);
  nc.close();
});

test("credentials that are refused on the way back are not tried again", async () => {
  const { nc, socket } = await connected();
  const again = FakeSocket.next(), closed = once(nc, "state", (d) => d.state === "closed");
  socket.say("-ERR 'User Authentication Expired'\r\n");
  socket.drop(1008);
  assert.equal(nc.state, "reconnecting"); // a session that has ended may be renewed
  const second = await again;
  second.greet();
  second.say("-ERR 'Authorization Violation'\r\n");
  second.drop(1008);
  assert.equal((await closed).reason.message, "Authorization Violation");
});

test("close ends everything", async () => {
  const { nc, socket } = await connected();
  const made = FakeSocket.made.length;
  const asked = nc.request("svc", ""), ping = nc.ping();
  nc.close();
  nc.close();
  await assert.rejects(asked, { code: "CLOSED" });
  await assert.rejects(ping, { code: "CLOSED" });
  assert.ok(socket.closed);
  socket.drop(1000);
  assert.equal(nc.state, "closed");
  assert.equal(FakeSocket.made.length, made);

  const waiting = await connected();
  waiting.socket.drop();
  waiting.nc.close(); // no timer is left that would keep this process alive
  assert.equal(waiting.nc.state, "closed");
});

test("a later INFO is told and does not greet again", async () => {
  const { nc, socket } = await connected();
  const heard = once(nc, "info");
  socket.greet({ ldm: true });
  assert.equal((await heard).info.ldm, true);
  assert.equal(nc.info.ldm, true);
  assert.equal(socket.taken(), "");
  nc.close();
});
