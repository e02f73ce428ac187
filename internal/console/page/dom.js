// The few things every part of the page does with the document. Text only ever enters it as text nodes.

import { VIEW_LIMIT, asText, formatBytes, hexDump, jsonTokens } from "./payload.js";

/** $ returns the element with an id of index.html. */
export const $ = (id) => document.getElementById(id);

/** el returns a new element with properties and children; a string child becomes text. */
export function el(tag, props = {}, ...children) {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children);
  return node;
}

/** kinds returns the views that fit a payload, the best one first. */
export function kinds(bytes) {
  const text = asText(bytes);
  if (text === null) return ["hex"];
  return bytes.length <= VIEW_LIMIT && jsonTokens(text) ? ["json", "text", "hex"] : ["text", "hex"];
}

/** showPayload fills a <pre> with a view of the payload, its first VIEW_LIMIT bytes at most. */
export function showPayload(pre, bytes, kind) {
  const head = bytes.subarray(0, VIEW_LIMIT);
  pre.className = `payload ${kind}`;
  if (kind === "json") {
    const spans = jsonTokens(asText(head)).map(([name, text]) => (name ? el("span", { className: name }, text) : text));
    pre.replaceChildren(...spans);
  } else {
    pre.textContent = kind === "hex" ? hexDump(head) : new TextDecoder().decode(head);
  }
  if (bytes.length === 0) pre.replaceChildren(el("span", { className: "note" }, "Empty payload"));
  if (bytes.length > head.length) {
    const note = `\n\nThe first ${formatBytes(head.length)} of ${formatBytes(bytes.length)}. Save gives all of it.`;
    pre.append(el("span", { className: "note" }, note));
  }
}

/** headerList returns the headers of a message as a definition list, or nothing if it has none. */
export function headerList(message) {
  const rows = message.headers.map(([key, value]) => el("div", {}, el("dt", {}, key), el("dd", {}, value)));
  if (message.status) rows.unshift(el("div", {}, el("dt", {}, "Status"), el("dd", {}, `${message.status} ${message.description}`)));
  return rows.length ? el("dl", { className: "headers code" }, ...rows) : "";
}
