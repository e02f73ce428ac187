// Tests of the parser, headers and subjects of page/nats.js: node --test nats.test.mjs

import assert from "node:assert/strict";
import { test } from "node:test";
import { Parser, checkSubject, encodeHeaders, parseHeaders, toBytes } from "./page/nats.js";

const INFO = { server_id: "ID", server_name: "one", version: "2.15.2", headers: true, max_payload: 64, proto: 1 };
const bytes = (...parts) => Uint8Array.from(parts.flatMap((p) => [...toBytes(p)]));
const text = (b) => new TextDecoder().decode(b);

// Parser.

const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, i) => i);
const STREAM = bytes(
  `INFO ${JSON.stringify(INFO)} \r\n`,
  "PING\r\n",
  "MSG foo 1 0\r\n\r\n",
  "MSG foo.bar 2 _INBOX.a.1 5\r\nhello\r\n",
  "msg  tab\t17  3\r\n\r\n\n\r\n", // other spaces, and a payload of CR, LF, LF
  "MSG like 3 20\r\nMSG foo 1 5\r\nhello\r\n\r\n", // a payload that looks like the protocol
  "MSG m\u00fcnchen.\u65e5\u672c 4 6\r\n\ufeff\u20ac\r\n", // UTF-8, and a byte order mark that is part of the payload
  "MSG bin 5 256\r\n", ALL_BYTES, "\r\n",
  "HMSG h 6 12 12\r\nNATS/1.0\r\n\r\n\r\n",
  "HMSG h 6 back 20 25\r\nNATS/1.0\r\nA: b c\r\n\r\nhello\r\n",
  "HMSG none 7 16 16\r\nNATS/1.0 503\r\n\r\n\r\n",
  "+OK\r\n",
  "-ERR 'Permissions Violation for Publish to \"it's\"'\r\n",
  "PONG\r\n",
);
const OPS = [
  { op: "INFO", info: INFO },
  { op: "PING" },
  msg("foo", "1", "", "", ""),
  msg("foo.bar", "2", "_INBOX.a.1", "", "hello"),
  msg("tab", "17", "", "", "\r\n\n"),
  msg("like", "3", "", "", "MSG foo 1 5\r\nhello\r\n"),
  msg("m\u00fcnchen.\u65e5\u672c", "4", "", "", "\ufeff\u20ac"),
  msg("bin", "5", "", "", ALL_BYTES),
  msg("h", "6", "", "NATS/1.0\r\n\r\n", ""),
  msg("h", "6", "back", "NATS/1.0\r\nA: b c\r\n\r\n", "hello"),
  msg("none", "7", "", "NATS/1.0 503\r\n\r\n", ""),
  { op: "+OK" },
  { op: "-ERR", text: "Permissions Violation for Publish to \"it's\"" },
  { op: "PONG" },
];

function msg(subject, sid, reply, header, payload) {
  return { op: "MSG", message: { subject, sid, reply, header: bytes(header), payload: bytes(payload) } };
}

// parse pushes the pieces between the cuts.
function parse(stream, cuts) {
  const ops = [];
  const parser = new Parser((op) => ops.push(op.message ? { op: op.op, message: { ...op.message } } : op));
  let at = 0;
  for (const cut of [...cuts, stream.length]) {
    parser.push(stream.slice(at, cut));
    at = cut;
  }
  return ops;
}

test("a stream in one piece", () => assert.deepEqual(parse(STREAM, []), OPS));

test("a stream cut in two, at every byte", () => {
  for (let cut = 0; cut <= STREAM.length; cut++) assert.deepEqual(parse(STREAM, [cut]), OPS, `cut at ${cut}`);
});

test("a stream in pieces of every size", () => {
  for (let size = 1; size <= 300; size++) {
    const cuts = [];
    for (let at = size; at < STREAM.length; at += size) cuts.push(at);
    assert.deepEqual(parse(STREAM, cuts), OPS, `pieces of ${size}`);
  }
});

test("a stream in random pieces", () => {
  let seed = 4222;
  const random = (n) => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % n;
  for (let round = 0; round < 500; round++) {
    const cuts = Array.from({ length: random(30) }, () => random(STREAM.length + 1)).sort((a, b) => a - b);
    assert.deepEqual(parse(STREAM, cuts), OPS, `cuts ${cuts}`);
  }
});

test("a long payload in small pieces", () => {
  const payload = Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * 31) >> 3);
  const stream = bytes("MSG big 1 1048576\r\n");
  const whole = new Uint8Array(stream.length + payload.length + 8);
  whole.set(stream);
  whole.set(payload, stream.length);
  whole.set(bytes("\r\nPING\r\n"), stream.length + payload.length);
  const cuts = Array.from({ length: Math.floor(whole.length / 4096) }, (_, i) => (i + 1) * 4096);
  const [first, second] = parse(whole, cuts);
  assert.ok(Buffer.from(first.message.payload).equals(payload));
  assert.deepEqual(second, { op: "PING" });
});

test("a payload does not share memory with the piece it came in", () => {
  const piece = bytes("MSG foo 1 5\r\nhello\r\n");
  let message;
  new Parser((op) => (message = op.message)).push(piece);
  piece.fill(0);
  assert.equal(message.text(), "hello");
  assert.equal(message.payload.buffer.byteLength, 5);
});

for (const [name, stream] of [
  ["an unknown verb", "HELLO\r\n"],
  ["an empty line", "\r\n"],
  ["INFO without JSON", "INFO {\r\n"],
  ["MSG without a size", "MSG foo 1\r\n"],
  ["MSG with a size that is no number", "MSG foo 1 5x\r\n"],
  ["MSG with a negative size", "MSG foo 1 -5\r\n"],
  ["MSG with a size of many digits", "MSG foo 1 12345678901\r\n"],
  ["MSG with too many words", "MSG foo 1 a b 5\r\n"],
  ["MSG without words", "MSG\r\n"],
  ["HMSG with headers longer than all", "HMSG foo 1 13 12\r\n"],
  ["HMSG with one size", "HMSG foo 1 12\r\n"],
  ["a payload longer than announced", "MSG foo 1 4\r\nhello\r\n"],
  ["a payload that ends with LF only", "MSG foo 1 5\r\nhello\n\r"],
  ["a line without an end", "INFO " + "x".repeat(1 << 20)],
]) {
  test(`the parser refuses ${name}`, () => assert.throws(() => parse(bytes(stream), [])));
}

// Headers and subjects.

test("headers there and back", () => {
  const pairs = [["Trace", "on"], ["Trace", "again"], ["X-\u007e!", "a: b, \u00fcml\u00e4ut"], ["Empty", ""]];
  assert.deepEqual(parseHeaders(encodeHeaders(pairs)), { status: 0, description: "", pairs });
  assert.equal(text(encodeHeaders([["A", "b"]])), "NATS/1.0\r\nA: b\r\n\r\n");
});

test("status lines", () => {
  const of = (line) => parseHeaders(bytes(line));
  assert.deepEqual(of("NATS/1.0 503\r\n\r\n"), { status: 503, description: "", pairs: [] });
  assert.deepEqual(of("NATS/1.0 408 Request Timeout\r\nA:b\r\n\r\n"), { status: 408, description: "Request Timeout", pairs: [["A", "b"]] });
  assert.deepEqual(of("NATS/1.0\r\nno colon\r\n: no name\r\nA:\t b \r\n\r\n").pairs, [["A", "b"]]);
  assert.deepEqual(of(""), { status: 0, description: "", pairs: [] });
});

for (const [key, value] of [["", "v"], ["a b", "v"], ["a:b", "v"], ["a\r\nb", "v"], ["\u00fc", "v"], ["a", "v\r\nB: x"], ["a", "\n"], ["a", "\r"]]) {
  test(`header ${JSON.stringify([key, value])} is refused`, () => {
    assert.throws(() => encodeHeaders([[key, value]]), { code: "BAD_HEADER" });
  });
}

test("subjects", () => {
  for (const s of ["a", "a.b.c", "$SYS.x", "_INBOX.1.2", "a*b.c>", "m\u00fcnchen"]) checkSubject(s);
  for (const s of ["*", "a.*.b", ">", "a.>"]) {
    checkSubject(s, true);
    assert.throws(() => checkSubject(s), { code: "BAD_SUBJECT" }, s);
  }
  for (const s of ["", ".", "a.", ".a", "a..b", "a b", "a\tb", "a\r\nPUB x 0", "a\0", ">.a", "a.>.b"]) {
    assert.throws(() => checkSubject(s, true), { code: "BAD_SUBJECT" }, JSON.stringify(s));
  }
});
