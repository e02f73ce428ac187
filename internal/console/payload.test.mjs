// Tests of page/payload.js: node --test payload.test.mjs

import assert from "node:assert/strict";
import { test } from "node:test";
import { PREVIEW_LIMIT, asText, formatBytes, formatCount, formatMillis, hexDump, jsonTokens, preview } from "./page/payload.js";

const utf8 = (s) => new TextEncoder().encode(s);
const joined = (tokens) => tokens.map(([, text]) => text).join("");

test("asText takes UTF-8 without control characters", () => {
  for (const s of ["", "plain", "tab\tline\r\n", "\u65e5\u672c \u{1f30a}", "\ufeffmark", "\x1b[31mred\x1b[0m"]) assert.equal(asText(utf8(s)), s);
  for (const b of [[0], [0xff], [0xc3], [0x61, 0x07], [0x7f], [0xed, 0xa0, 0x80]]) assert.equal(asText(Uint8Array.from(b)), null);
});

test("asText of a beginning leaves a cut character out", () => {
  const whole = utf8("a\u00e4\u20ac\u{1f30a}z");
  for (let n = 0; n <= whole.length; n++) {
    const text = asText(whole.subarray(0, n), true);
    assert.ok(text !== null && "a\u00e4\u20ac\u{1f30a}z".startsWith(text), `${n} bytes`);
  }
  assert.equal(asText(Uint8Array.of(0x61, 0x80, 0x80, 0x80, 0x80), true), null);
});

test("preview is one line", () => {
  assert.deepEqual(preview(utf8("a\r\n  b\tc")), { text: "a b c", binary: false });
  assert.deepEqual(preview(Uint8Array.of(0, 255)), { text: "00 ff", binary: true });
  const long = preview(utf8("\u20ac".repeat(PREVIEW_LIMIT)));
  assert.equal(long.binary, false);
  assert.equal(long.text, "\u20ac".repeat(Math.floor(PREVIEW_LIMIT / 3)));
});

test("JSON is indented and not changed", () => {
  const source = '{"a":[1.0,12345678901234567890,-1e5,{}],"b":{"c":[],"d":"x\\"y{,"},"e":[true,null,{"f":""}]}';
  const tokens = jsonTokens(source);
  assert.deepEqual(JSON.parse(joined(tokens)), JSON.parse(source));
  assert.equal(joined(tokens).replace(/\n */g, "").replaceAll(": ", ":"), source);
  assert.equal(joined(jsonTokens('{"a":[1,{}],"b":[]}')), '{\n  "a": [\n    1,\n    {}\n  ],\n  "b": []\n}');
  const kinds = tokens.filter(([kind]) => kind).map(([kind, text]) => `${kind} ${text}`);
  assert.deepEqual(kinds.slice(0, 4), ['key "a"', "number 1.0", "number 12345678901234567890", "number -1e5"]);
});

test("what is no JSON object or array has no tokens", () => {
  for (const s of ["", "1", '"a"', "true", "{", "[1,]", "{a:1}", "text [1]"]) assert.equal(jsonTokens(s), null, s);
  assert.equal(joined(jsonTokens(" [] ")), "[]");
});

test("brackets do not ask for endless white space", () => {
  const deep = "[".repeat(2000) + "]".repeat(2000);
  assert.ok(joined(jsonTokens(deep)).length < 4000 * 70);
});

test("hex", () => {
  assert.equal(hexDump(utf8("0123456789abcdef\x00")),
    "000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  0123456789abcdef\n" +
    "000010  00                                                \u00b7");
  assert.equal(hexDump(new Uint8Array(0)), "");
});

test("numbers for people", () => {
  assert.deepEqual([0, 1023, 1024, 1536, 1024 * 1024 - 1, 5 * 2 ** 30].map(formatBytes), ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "1.0 MiB", "5.0 GiB"]);
  assert.deepEqual([0.01, 0.44, 12.34, 999.99, 1234].map(formatMillis), ["under 0.1 ms", "0.4 ms", "12.3 ms", "1.00 s", "1.23 s"]);
  assert.deepEqual([0.4, 12345.6].map(formatCount), ["0", "12,346"]);
});
