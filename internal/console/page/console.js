// The page: the connection, its subscriptions, publish and request. The list of messages is in feed.js, the rates in
// meter.js, the protocol in nats.js.

import { $, el, headerList, kinds, showPayload } from "./dom.js";
import { Feed } from "./feed.js";
import { Meter } from "./meter.js";
import { Connection } from "./nats.js";
import { formatBytes, formatCount, formatMillis } from "./payload.js";

const TONES = 6; // colours of subscriptions, in console.css
const COUNTERS = 250; // ms between two updates of the subscriptions' counters

const LOST = "Connection lost";
const scheme = location.protocol === "https:" ? "wss://" : "ws://";

let nc = null; // the Connection, from a press of Connect until it is closed
let asked = 0; // the last request; an earlier one's reply is not shown any more
const subscriptions = new Set();
const feed = new Feed(answer);
const meters = { in: new Meter("in"), out: new Meter("out") };

// Connection.

$("url").value = ownAddress();
$("connection").addEventListener("submit", guarded(() => (nc ? nc.close() : connect())));

// ownAddress is the address this page came from, as a WebSocket.
function ownAddress() {
  const folder = new URL(".", location.href).pathname; // not / behind a proxy that adds a prefix
  return scheme + location.host + (folder === "/" ? "" : folder);
}

// address completes what was typed, and refuses what a WebSocket cannot be.
function address(typed) {
  const whole = /^[a-z+]+:\/\//i.test(typed) ? typed : scheme + typed;
  if (!URL.canParse(whole)) throw new Error(`"${typed}" is not an address.`);
  const url = new URL(whole);
  if (url.protocol !== "ws:" && url.protocol !== "wss:") throw new Error("The address must begin with ws:// or wss://.");
  if (url.username || url.password) throw new Error("User and password belong under Credentials, not in the address.");
  url.hash = "";
  return url.href;
}

async function connect() {
  const inboxPrefix = $("inbox").value.trim() || undefined;
  const login = { user: $("user").value, pass: $("pass").value, token: $("token").value };
  const fresh = new Connection(address($("url").value.trim()), inboxPrefix ? { ...login, inboxPrefix } : login);
  fresh.addEventListener("state", ({ detail }) => fresh === nc && showState(detail));
  fresh.addEventListener("info", () => showServer(fresh.info));
  fresh.addEventListener("rtt", ({ detail }) => ($("rtt").textContent = formatMillis(detail.rtt)));
  fresh.addEventListener("error", ({ detail }) => showRefusal(detail.error));
  nc = fresh;
  showError("");
  for (const subscription of subscriptions) attach(subscription);
  try {
    await fresh.open();
    $("credentials").open = false;
  } catch (error) {
    if (error.code !== "CLOSED") throw new Error(`Could not connect: ${error.message}.`);
  }
}

function showState({ state, reason }) {
  const words = { connecting: "Connecting", connected: "Connected", reconnecting: "Reconnecting", closed: "Offline" };
  const up = state === "connected", wasLost = $("state").dataset.state === "reconnecting";
  $("state").textContent = words[state];
  $("state").dataset.state = state === "closed" ? "offline" : state;
  $("connect").textContent = { connecting: "Cancel", closed: "Connect" }[state] ?? "Disconnect";
  $("connect").classList.toggle("primary", state === "closed");
  $("url").readOnly = state !== "closed";
  for (const id of ["publish", "request"]) $(id).disabled = !up;
  $("subscribe").disabled = state === "closed" || state === "connecting";
  if (!up) $("rtt").textContent = "";
  if (up && $("error").textContent.startsWith(LOST)) showError(""); // a refused subscription stays
  if (state === "reconnecting") showError(`${LOST}: ${reason.message}. Trying again.`);
  if (state === "closed") {
    nc = null;
    showServer(null);
    if (wasLost) showError(reason.code === "CLOSED" ? "" : `${LOST}: ${reason.message}.`);
  }
  showHint();
}

function showServer(info) {
  $("server").textContent = info ? `${info.server_name ?? info.server_id} ${info.version}` : "";
  $("server").title = info ? `${info.server_id}, payloads up to ${formatBytes(info.max_payload)}${info.ldm ? ", shutting down" : ""}` : "";
}

// Subscriptions. The page keeps them over connections.

$("sub-form").addEventListener("submit", guarded(subscribe));

function subscribe() {
  const subject = $("sub-subject").value.trim(), queue = $("sub-queue").value.trim();
  const used = [...subscriptions].map((s) => s.tone);
  const tone = [...Array(TONES).keys()].find((t) => !used.includes(t)) ?? subscriptions.size % TONES;
  const subscription = { subject, queue, tone, msgs: 0, bytes: 0, shown: -1 };
  attach(subscription);
  subscriptions.add(subscription);
  $("subs").append(subscriptionRow(subscription));
  $("sub-subject").select();
  showHint();
}

function attach(subscription) {
  const { subject, queue, tone } = subscription;
  const take = (message) => {
    subscription.msgs++;
    subscription.bytes += message.size;
    feed.add(message, tone);
  };
  subscription.sub = nc.subscribe(subject, take, { queue });
  subscription.row?.classList.remove("refused");
}

function subscriptionRow(subscription) {
  const { subject, queue, tone } = subscription;
  const name = el("span", { className: "subject code", title: subject }, subject);
  if (queue) name.append(el("span", { className: "queue" }, queue));
  const counter = el("span", { className: "counter" });
  const cross = $("detail-close").firstElementChild.cloneNode(true);
  const remove = el("button", { type: "button", className: "quiet icon", title: "Unsubscribe" }, cross);
  remove.setAttribute("aria-label", `Unsubscribe from ${subject}`);
  const row = el("li", {}, name, counter, remove);
  row.dataset.tone = tone;
  Object.assign(subscription, { row, counter });
  remove.addEventListener("click", () => {
    nc?.unsubscribe(subscription.sub);
    subscriptions.delete(subscription);
    row.remove();
    $("sub-subject").focus();
    showHint();
  });
  return row;
}

setInterval(() => {
  for (const s of subscriptions) {
    if (s.shown === s.msgs) continue;
    s.shown = s.msgs;
    s.counter.textContent = formatCount(s.msgs);
    s.counter.title = `${formatCount(s.msgs)} messages, ${formatBytes(s.bytes)}`;
  }
}, COUNTERS);

// Publish and request.

$("pub-form").addEventListener("submit", guarded(publish));
$("req-form").addEventListener("submit", guarded(request));

function publish() {
  const headers = headerPairs($("pub-headers").value);
  const before = nc.stats.outBytes;
  nc.publish($("pub-subject").value.trim(), $("pub-payload").value, { reply: $("pub-reply").value.trim(), headers });
  $("sent").textContent = `Sent ${formatBytes(nc.stats.outBytes - before)}`;
  setTimeout(() => ($("sent").textContent = ""), 2000);
}

function headerPairs(text) {
  return text.split("\n").filter((line) => line.trim()).map((line) => {
    const colon = line.indexOf(":");
    if (colon < 1) throw new Error(`"${line.trim()}" is not a header. Write Name: value.`);
    return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
  });
}

async function request() {
  const mine = ++asked, sent = performance.now();
  const timeout = $("req-timeout").valueAsNumber;
  $("reply").replaceChildren(el("p", { className: "note" }, "Waiting for a reply"));
  try {
    const message = await nc.request($("req-subject").value.trim(), $("req-payload").value, { timeout });
    if (mine === asked) showReply(message, performance.now() - sent);
  } catch (error) {
    if (mine === asked) $("reply").replaceChildren(el("p", { className: "bad" }, sentence(error.message)));
  }
}

function showReply(message, ms) {
  const payload = el("pre", { tabIndex: 0 });
  showPayload(payload, message.payload, kinds(message.payload)[0]);
  const facts = `Reply in ${formatMillis(ms)}  \u00b7  ${formatBytes(message.payload.length)}`;
  $("reply").replaceChildren(el("p", { className: "facts" }, facts), headerList(message), payload);
}

// answer prepares a reply to a message of the list.
function answer(subject) {
  $("pub-subject").value = subject;
  $("pub-payload").select();
}

// Ctrl+Enter or Cmd+Enter in a text area sends its form.
for (const area of document.querySelectorAll("textarea")) {
  area.addEventListener("keydown", (e) => {
    if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) area.form.requestSubmit(area.form.querySelector("[type=submit]:enabled"));
  });
}

// Rates.

let sampled = performance.now();
setInterval(() => {
  const now = performance.now(), seconds = (now - sampled) / 1000;
  const stats = nc?.stats ?? { inMsgs: 0, inBytes: 0, outMsgs: 0, outBytes: 0 };
  sampled = now;
  meters.in.sample(stats.inMsgs, stats.inBytes, seconds);
  meters.out.sample(stats.outMsgs, stats.outBytes, seconds);
}, 1000);

// Errors and hints.

$("dismiss").addEventListener("click", () => showError(""));

// guarded makes a submit listener that shows what its action throws.
function guarded(action) {
  return async (event) => {
    event.preventDefault();
    try {
      await action();
    } catch (error) {
      showError(sentence(error.message));
    }
  };
}

function showError(text) {
  if ($("error").textContent !== text) $("error").textContent = text; // the same text is not announced again
  $("alert").hidden = !text;
}

// showRefusal shows an -ERR; a refused subscription is marked, for it stays in the list.
function showRefusal(error) {
  const [, subject] = /Subscription to "([^"]+)"/.exec(error.message) ?? [];
  for (const s of subscriptions) if (s.subject === subject) s.row.classList.add("refused");
  showError(sentence(error.message));
}

function sentence(text) {
  const end = /[.!?]$/.test(text) ? "" : ".";
  return text.charAt(0).toUpperCase() + text.slice(1) + end;
}

function showHint() {
  let hint = "Connect to see messages.";
  if (nc && nc.state !== "connected") hint = "Waiting for the connection.";
  else if (nc && subscriptions.size) hint = "Waiting for the first message.";
  else if (nc) hint = "Subscribe to a subject. The subject > takes everything you may read.";
  $("hint").textContent = hint;
}

// Theme: the system's, or the other one if that was chosen.

const systemDark = matchMedia("(prefers-color-scheme: dark)");
$("theme").addEventListener("click", () => chooseTheme(isDark() ? "light" : "dark"));
systemDark.addEventListener("change", themeChanged);

function isDark() {
  const { theme } = document.documentElement.dataset;
  return theme ? theme === "dark" : systemDark.matches;
}

function chooseTheme(theme) {
  const own = theme !== (systemDark.matches ? "dark" : "light");
  if (own) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  try {
    if (own) localStorage.setItem("weir-theme", theme);
    else localStorage.removeItem("weir-theme");
  } catch {
    // Storage is switched off: the choice holds until the page is left.
  }
  themeChanged();
}

function themeChanged() {
  $("theme").setAttribute("aria-label", isDark() ? "Switch to the light theme" : "Switch to the dark theme");
  for (const meter of Object.values(meters)) meter.draw();
}

document.addEventListener("pointerdown", (e) => $("credentials").contains(e.target) || ($("credentials").open = false));
$("credentials").addEventListener("keydown", (e) => {
  if (e.key !== "Escape") return;
  $("credentials").open = false;
  $("credentials").querySelector("summary").focus();
});

themeChanged();
showHint();
