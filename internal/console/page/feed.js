// The list of messages, newest first, and the message that is looked at.
//
// Messages may come faster than anything can be drawn. add only appends to an array that is cut to the newest LIMIT;
// the list is drawn at most once a frame. When more than TOP rows change at a time it is drawn eight times a second, and
// only the TOP rows that can be seen; the rows below are made when the rush is over or somebody scrolls. So the cost
// of drawing does not depend on the rate. While it is paused, or scrolled away from its top, the list stands still
// and says how much is waiting.

import { $, el, headerList, kinds, showPayload } from "./dom.js";
import { VIEW_LIMIT, formatBytes, formatCount, preview } from "./payload.js";

const LIMIT = 500; // rows
const TOP = 50; // rows that fill a tall screen
const SLOW = 125; // ms between two drawings in a rush
const CALM = 300; // ms without a rush, after which the rows below are made
const LOOSE = new TextDecoder();

/** Feed owns the panel of messages. onReply(subject) is called when somebody wants to answer a message. */
export class Feed {
  #waiting = []; // entries that are not in the list yet, oldest first
  #entries = []; // entries of the list, oldest first; the newest of them have a node, in a rush only TOP
  #spare = []; // nodes to fill anew: in a rush no node is made and none becomes garbage
  #selected = null; // an entry; it may outlive its row
  #needle = "";
  #paused = false;
  #total = 0; // since the last clear
  #matched = 0;
  #missed = 0; // since the list stands still
  #ids = 0;
  #frame = 0;
  #drawn = 0; // when
  #calm = 0; // timer

  constructor(onReply) {
    $("pause").addEventListener("click", () => this.#pause(!this.#paused));
    $("clear").addEventListener("click", () => this.clear());
    $("filter").addEventListener("input", (e) => this.#filter(e.target.value));
    $("fresh").addEventListener("click", () => this.#resume());
    $("messages").addEventListener("scroll", () => this.#schedule(), { passive: true });
    $("messages").addEventListener("click", (e) => this.#select(this.#entryOf(e.target.closest("li"))));
    $("messages").addEventListener("keydown", (e) => this.#key(e));
    $("detail").addEventListener("keydown", (e) => e.key === "Escape" && this.#close());
    $("detail-close").addEventListener("click", () => this.#close());
    $("detail-reply").addEventListener("click", () => onReply(this.#selected.message.reply));
    $("detail-copy").addEventListener("click", () => this.#copy());
    $("detail-save").addEventListener("click", () => this.#save());
    $("detail-copy").hidden = !navigator.clipboard; // browsers have it on https and localhost only
    for (const radio of document.getElementsByName("view")) {
      radio.addEventListener("change", () => showPayload($("detail-payload"), this.#selected.message.payload, radio.value));
    }
    this.#count();
  }

  /** add takes a message of the subscription with this colour. It is on the hot path and draws nothing. */
  add(message, tone) {
    this.#total++;
    const entry = { message, tone, at: Date.now(), id: ++this.#ids, node: null };
    if (this.#fits(entry)) {
      this.#matched++;
      this.#missed++;
      this.#waiting.push(entry);
      if (this.#waiting.length >= 2 * LIMIT) this.#waiting.splice(0, LIMIT);
    }
    this.#schedule();
  }

  /** clear forgets every message but the one that is looked at. */
  clear() {
    this.#waiting = [];
    for (const entry of this.#entries.splice(0)) this.#release(entry);
    this.#total = this.#matched = this.#missed = 0;
    $("messages").removeAttribute("aria-activedescendant");
    this.#schedule();
  }

  #fits({ message }) {
    if (!this.#needle || message.subject.toLowerCase().includes(this.#needle)) return true;
    return LOOSE.decode(message.payload.subarray(0, VIEW_LIMIT)).toLowerCase().includes(this.#needle);
  }

  #filter(text) {
    this.#needle = text.trim().toLowerCase();
    this.#fill();
    this.#waiting = this.#waiting.filter((entry) => this.#fits(entry));
    for (const entry of this.#entries) entry.node.hidden = !this.#fits(entry);
    this.#total = this.#entries.length + this.#waiting.length;
    this.#matched = this.#total - this.#entries.filter(({ node }) => node.hidden).length;
    this.#schedule();
  }

  #pause(on) {
    this.#paused = on;
    $("pause").setAttribute("aria-pressed", on);
    $("pause").textContent = on ? "Resume" : "Pause";
    this.#schedule();
  }

  #resume() {
    this.#pause(false);
    $("messages").scrollTop = 0;
    $("messages").focus({ preventScroll: true });
  }

  #schedule() { this.#frame ||= requestAnimationFrame((now) => this.#draw(now)); }

  #draw(now) {
    this.#frame = 0;
    const still = this.#paused || $("messages").scrollTop > 4;
    const rush = !still && this.#waiting.length > TOP;
    if (rush && now - this.#drawn < SLOW) return this.#schedule();
    if (still) {
      this.#fill();
    } else {
      this.#drawn = now;
      this.#missed = 0;
      const entries = this.#waiting.splice(0).slice(-LIMIT);
      if (rush) this.#replace(entries);
      else this.#prepend(entries);
    }
    $("fresh").hidden = !still || !this.#missed;
    if (still) $("fresh").textContent = `${formatCount(this.#missed)} new`;
    this.#count();
  }

  // prepend puts entries on top of the list and lets go of what is too old for it.
  #prepend(entries) {
    this.#entries.push(...entries);
    for (const old of this.#entries.splice(0, Math.max(0, this.#entries.length - LIMIT))) this.#release(old);
    const fragment = document.createDocumentFragment();
    for (const entry of entries) fragment.prepend(this.#row(entry));
    $("messages").prepend(fragment);
  }

  // replace does the same when all rows that can be seen change: they stay where they are and get other texts.
  #replace(entries) {
    for (const entry of this.#entries) entry.node = null;
    this.#entries = [...this.#entries, ...entries].slice(-LIMIT);
    const nodes = [...$("messages").children];
    for (const node of nodes.splice(TOP)) this.#spareNode(node);
    for (const entry of this.#entries.slice(-TOP).reverse()) {
      const node = nodes.shift();
      this.#row(entry, node);
      if (!node) $("messages").append(entry.node);
    }
    clearTimeout(this.#calm);
    this.#calm = setTimeout(() => this.#fill(), CALM);
  }

  // fill makes the rows below that a rush has left out.
  #fill() {
    const fragment = document.createDocumentFragment();
    for (const entry of this.#entries) if (!entry.node) fragment.prepend(this.#row(entry));
    $("messages").append(fragment);
  }

  #row(entry, node = this.#spare.pop() ?? emptyRow()) {
    entry.node = node;
    fillRow(entry.node, entry, entry === this.#selected);
    entry.node.hidden = !this.#fits(entry);
    return entry.node;
  }

  #release(entry) {
    if (entry.node) this.#spareNode(entry.node);
    entry.node = null;
  }

  #spareNode(node) {
    node.remove();
    this.#spare.push(node);
  }

  #count() {
    const shown = this.#entries.length;
    $("empty").hidden = shown + this.#waiting.length > 0;
    let text = "";
    if (this.#needle) text = `${formatCount(this.#matched)} of ${formatCount(this.#total)} match`;
    else if (this.#total > shown) text = `${formatCount(this.#total)}, last ${formatCount(shown)} shown`;
    else if (this.#total) text = formatCount(this.#total);
    $("shown").textContent = text;
  }

  #entryOf(node) { return node && this.#entries.find((entry) => entry.node === node); }

  #key(event) {
    const visible = this.#entries.filter(({ node }) => node && !node.hidden).reverse();
    const now = visible.indexOf(this.#selected);
    const steps = { ArrowDown: now + 1, ArrowUp: Math.max(0, now - 1), Home: 0, End: visible.length - 1, PageDown: now + 10, PageUp: now - 10 };
    if (event.key === "Escape") return this.#close();
    if (!(event.key in steps) || !visible.length) return;
    event.preventDefault();
    this.#select(visible[Math.min(visible.length - 1, Math.max(0, steps[event.key]))]);
  }

  #select(entry) {
    if (!entry) return;
    this.#mark(false);
    this.#selected = entry;
    this.#mark(true);
    const { message, at } = entry;
    $("detail-subject").textContent = message.subject;
    const facts = [clock(at), formatBytes(message.payload.length)];
    if (message.header.length) facts.push(`${formatBytes(message.header.length)} of headers`);
    if (message.reply) facts.push(`reply to ${message.reply}`);
    $("detail-facts").textContent = facts.join("  \u00b7  ");
    $("detail-headers").replaceChildren(headerList(message));
    $("detail-reply").hidden = !message.reply;
    const fit = kinds(message.payload);
    for (const radio of document.getElementsByName("view")) {
      radio.disabled = radio.value === "json" && !fit.includes("json");
      radio.checked = radio.value === fit[0];
    }
    $("detail").hidden = false;
    showPayload($("detail-payload"), message.payload, fit[0]);
    $("detail-payload").scrollTop = 0;
    entry.node.scrollIntoView({ block: "nearest" }); // the list has become shorter
  }

  #mark(on) {
    const node = this.#selected?.node;
    node?.setAttribute("aria-selected", on);
    if (on && node) $("messages").setAttribute("aria-activedescendant", node.id);
    else $("messages").removeAttribute("aria-activedescendant");
  }

  #close() {
    this.#mark(false);
    this.#selected = null;
    $("detail").hidden = true;
    $("messages").focus({ preventScroll: true });
  }

  async #copy() {
    const kind = document.querySelector("input[name=view]:checked").value;
    const { payload } = this.#selected.message;
    await navigator.clipboard.writeText(kind === "hex" ? $("detail-payload").textContent : LOOSE.decode(payload));
    $("detail-copy").textContent = "Copied";
    setTimeout(() => ($("detail-copy").textContent = "Copy"), 1200);
  }

  #save() {
    const { message, id } = this.#selected;
    const href = URL.createObjectURL(new Blob([message.payload]));
    el("a", { href, download: `${message.subject}-${id}.bin` }).click();
    URL.revokeObjectURL(href);
  }
}

function emptyRow() {
  const cells = ["time", "subject", "marks", "body", "size"].map((className) => el("span", { className }));
  const node = el("li", { className: "row" }, ...cells);
  node.setAttribute("role", "option");
  return node;
}

function fillRow(node, { message, tone, at, id }, selected) {
  const [time, subject, marks, body, size] = node.children;
  const { text, binary } = preview(message.payload);
  node.id = `m${id}`;
  node.dataset.tone = tone;
  node.setAttribute("aria-selected", selected);
  time.textContent = clock(at);
  subject.textContent = subject.title = message.subject;
  marks.textContent = [message.status || (message.header.length ? "headers" : ""), message.reply && "reply"].filter(Boolean).join(" ");
  body.textContent = text;
  body.classList.toggle("binary", binary);
  size.textContent = formatBytes(message.payload.length);
}

function clock(ms) {
  const d = new Date(ms);
  const two = (n) => String(n).padStart(2, "0");
  return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}.${String(d.getMilliseconds()).padStart(3, "0")}`;
}
