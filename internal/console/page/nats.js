// A NATS client for the browser: one file, no dependencies, NATS carried by WebSocket.
//
//   const nc = new Connection("wss://example.org/", { user, pass });
//   nc.addEventListener("state", (e) => console.log(e.detail.state));
//   await nc.open();
//   nc.subscribe("orders.>", (m) => console.log(m.subject, m.text()), { queue: "readers" });
//   nc.publish("orders.new", "42", { headers: [["Trace", "on"]] });
//   const m = await nc.request("orders.count", "", { timeout: 2000 });
//
// NATS is a stream of lines, some of them followed by a payload. WebSocket messages are only carriers: one may hold
// many operations or a piece of one, so Parser copes with any cut of the bytes. All sizes are bytes. Payloads are
// Uint8Array; a string is sent as its UTF-8. Events: "state" {state, reason, delay}, "info" {info}, "rtt" {rtt}, and
// "error" {error} for what no caller is waiting for.

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder("utf-8", { ignoreBOM: true }); // a leading U+FEFF is part of the payload
const EMPTY = new Uint8Array(0);
const CR = 13, LF = 10;
const strip = (s) => s.replace(/^[ \t]+|[ \t]+$/g, ""); // the protocol's white space, not Unicode's
const randomToken = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(36)).join("");
const MAX_LINE = 1 << 20; // bytes of one protocol line; an INFO with many addresses is the longest
const MAX_PINGS = 2; // unanswered PINGs after which the connection is stale

const DEFAULTS = {
  name: "Weir console", user: "", pass: "", token: "", inboxPrefix: "_INBOX",
  connectTimeout: 5_000, // ms from dialling to the first PONG
  pingInterval: 10_000, // ms
  minDelay: 250, maxDelay: 8_000, // ms of back-off between attempts to reconnect
  WebSocket: globalThis.WebSocket, // tests put their own here
};

/** NatsError is every error of this file. Its code is PROTOCOL, SERVER (an -ERR), TIMEOUT, NO_RESPONDERS,
 *  DISCONNECTED, CLOSED, BAD_SUBJECT, BAD_HEADER, MAX_PAYLOAD or URL. */
export class NatsError extends Error {
  name = "NatsError";
  constructor(code, message) { super(message); this.code = code; }
}

/** toBytes returns a payload as bytes: a string as UTF-8, null and undefined as nothing. */
export function toBytes(payload) {
  if (typeof payload === "string") return ENCODER.encode(payload);
  return payload instanceof ArrayBuffer ? new Uint8Array(payload) : payload ?? EMPTY;
}

/** encodeHeaders returns the header block of [key, value] pairs, with its closing empty line. */
export function encodeHeaders(pairs) {
  const lines = pairs.map(([key, value]) => {
    // A key is visible ASCII without the colon that ends it; a line break in either would forge another header.
    if (!/^[!-9;-~]+$/.test(key)) throw new NatsError("BAD_HEADER", `"${key}" is not a header name`);
    if (/[\r\n]/.test(value)) throw new NatsError("BAD_HEADER", `the value of header ${key} contains a line break`);
    return `${key}: ${value}\r\n`;
  });
  return ENCODER.encode(`NATS/1.0\r\n${lines.join("")}\r\n`);
}

/** parseHeaders is the reverse: {status, description, pairs}. status is 0 if the first line has no code. */
export function parseHeaders(bytes) {
  const [first, ...lines] = DECODER.decode(bytes).split("\r\n");
  const [, status = "0", description = ""] = /^NATS\/1\.0[ \t]+(\d{3})(.*)/.exec(first) ?? [];
  const pairs = lines.map((l) => /^([^:]+):[ \t]*(.*?)[ \t]*$/s.exec(l)?.slice(1)).filter(Boolean);
  return { status: Number(status), description: strip(description), pairs };
}

/** checkSubject throws unless s is a subject of non-empty tokens; wildcards only where they are allowed. */
export function checkSubject(s, wildcards = false) {
  const bad = (why) => { throw new NatsError("BAD_SUBJECT", `"${s}" is not a subject: ${why}`); };
  if (/[\0-\x20\x7f]/.test(s)) bad("it contains white space or a control character");
  const tokens = s.split(".");
  if (tokens.includes("")) bad(s ? "a token between dots is empty" : "it is empty");
  if (tokens.slice(0, -1).includes(">")) bad("> may only be the last token");
  if (!wildcards && (tokens.includes("*") || tokens.includes(">"))) bad("wildcards are for subscriptions only");
}

/** Message is what was delivered. Its header block is parsed when it is first asked for. */
export class Message {
  #parsed = null;
  constructor(subject, sid, reply, header, payload) { Object.assign(this, { subject, sid, reply, header, payload }); }
  get #head() { return (this.#parsed ??= parseHeaders(this.header)); }
  get headers() { return this.#head.pairs; }
  get status() { return this.#head.status; }
  get description() { return this.#head.description; }
  get size() { return this.header.length + this.payload.length; }
  text() { return DECODER.decode(this.payload); }
}

/** Parser turns pieces of the stream into operations: {op: "INFO", info}, {op: "MSG", message}, {op: "-ERR", text},
 *  {op: "PING"}, {op: "PONG"}, {op: "+OK"}. push throws on anything else; the stream is lost then. A chunk belongs
 *  to the parser, which reads in it until the next push. */
export class Parser {
  #emit;
  #buf = EMPTY; // bytes [start, end) are not yet understood
  #start = 0;
  #end = 0;
  #awaited = null; // the MSG or HMSG line whose payload comes next

  constructor(emit) { this.#emit = emit; }

  push(chunk) {
    this.#append(chunk);
    while (this.#awaited ? this.#payload() : this.#line());
  }

  // Without a rest the chunk itself is read. With one, both move into a buffer of twice their size, so that a long
  // payload in many pieces is copied few times; a size that a line only announces allocates nothing.
  #append(chunk) {
    const rest = this.#buf.subarray(this.#start, this.#end);
    if (this.#end + chunk.length > this.#buf.length) {
      this.#buf = rest.length ? new Uint8Array(2 * (rest.length + chunk.length)) : chunk;
      this.#buf.set(rest);
      [this.#start, this.#end] = [0, rest.length];
    }
    if (this.#buf !== chunk) this.#buf.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  #line() {
    const bytes = this.#buf.subarray(this.#start, this.#end);
    const lf = bytes.indexOf(LF);
    if (lf < 0 && bytes.length > MAX_LINE) throw new NatsError("PROTOCOL", `a line is longer than ${MAX_LINE} bytes`);
    if (lf < 0) return false;
    this.#start += lf + 1;
    const line = DECODER.decode(bytes.subarray(0, bytes[lf - 1] === CR ? lf - 1 : lf));
    const verb = /^[^ \t]*/.exec(line)[0].toUpperCase();
    const rest = strip(line.slice(verb.length));
    switch (verb) {
      case "MSG": case "HMSG": this.#awaited = announcement(rest, verb === "HMSG"); break;
      case "PING": case "PONG": case "+OK": this.#emit({ op: verb }); break;
      case "-ERR": this.#emit({ op: verb, text: rest.replace(/^'(.*)'$/, "$1") }); break;
      case "INFO": this.#emit({ op: verb, info: JSON.parse(rest) }); break;
      default: throw new NatsError("PROTOCOL", `unknown operation "${verb.slice(0, 32)}"`);
    }
    return true;
  }

  #payload() {
    const { subject, sid, reply, header, total } = this.#awaited;
    const at = this.#start, end = at + total;
    if (this.#end < end + 2) return false;
    const ended = this.#buf[end] === CR && this.#buf[end + 1] === LF;
    if (!ended) throw new NatsError("PROTOCOL", "a payload does not end with CRLF");
    this.#start = end + 2;
    this.#awaited = null;
    // slice copies: a message that is kept must not keep the whole WebSocket message alive.
    const message = new Message(subject, sid, reply, this.#buf.slice(at, at + header), this.#buf.slice(at + header, end));
    this.#emit({ op: "MSG", message });
    return true;
  }
}

// announcement reads "subject sid [reply] [header bytes] total bytes", the rest of a MSG or HMSG line.
function announcement(rest, headed) {
  const args = rest.split(/[ \t]+/);
  const [total, header] = args.splice(headed ? -2 : -1).reverse().map((n) => (/^\d{1,10}$/.test(n) ? Number(n) : NaN));
  const ok = (headed ? header <= total : total >= 0) && (args.length === 2 || args.length === 3);
  if (!ok) throw new NatsError("PROTOCOL", `cannot read the message line "${rest.slice(0, 64)}"`);
  return { subject: args[0], sid: args[1], reply: args[2] ?? "", header: header ?? 0, total };
}

/** Connection is one client. Its state is idle, connecting, connected, reconnecting or closed; a lost connection is
 *  dialled again until close() and its subscriptions are sent again. No message is buffered while it is down. */
export class Connection extends EventTarget {
  state = "idle";
  info = null; // the server's last INFO
  rtt = NaN; // ms of the last PING
  stats = { inMsgs: 0, inBytes: 0, outMsgs: 0, outBytes: 0 };
  #url; #options; #socket = null;
  #greeted = false; // CONNECT was sent on this socket
  #opening = null; // the promise of open()
  #reason = null; // the last -ERR since a PONG: it says more than the close code that follows it
  #subs = new Map(); // by sid
  #calls = new Map(); // requests by the last token of their reply subject
  #sids = 0; #tokens = 0; // the last of each
  #pongs = []; // who waits for a PONG, in order
  #inbox = null; // the subscription that all replies share
  #attempts = 0; // to reconnect, since the connection was up
  #timer = 0; #pinger = 0; // of dialling or waiting to dial; of the PINGs

  constructor(url, options = {}) {
    super();
    this.#url = url;
    this.#options = { ...DEFAULTS, ...options };
  }

  /** open dials, and resolves after the first PONG. A failure of this first attempt is final. */
  open() {
    if (this.state !== "idle") return Promise.reject(new NatsError("CLOSED", "a connection is opened once"));
    return new Promise((resolve, reject) => {
      this.#opening = { resolve, reject };
      this.#become("connecting");
      this.#dial();
    });
  }

  /** close ends the connection for good; waiting requests are rejected. */
  close() { this.#finish(new NatsError("CLOSED", "the connection was closed")); }

  /** subscribe calls callback(message). options: queue (group), max (messages, after which it ends by itself). Before
   *  open() and while reconnecting it is kept, and sent on connecting. */
  subscribe(subject, callback, { queue = "", max = 0 } = {}) {
    checkSubject(subject, true);
    if (/\s/.test(queue)) throw new NatsError("BAD_SUBJECT", `the queue group "${queue}" contains white space`);
    const sub = { sid: String(++this.#sids), subject, queue, max, received: 0, before: 0, callback };
    this.#subs.set(sub.sid, sub);
    if (this.#greeted) this.#write(subscription(sub));
    return sub;
  }

  /** unsubscribe ends sub now, or after max messages in all. */
  unsubscribe(sub, max = 0) {
    if (!this.#subs.has(sub.sid)) return;
    sub.max = max;
    if (max <= sub.received) this.#subs.delete(sub.sid);
    // The server counts from the SUB, which may have been sent again since.
    if (this.#greeted) this.#write(`UNSUB ${sub.sid}${max > sub.received ? ` ${max - sub.before}` : ""}\r\n`);
  }

  /** publish sends one message. options: reply (a subject), headers ([key, value] pairs). */
  publish(subject, payload, { reply = "", headers = [] } = {}) {
    checkSubject(subject);
    if (reply) checkSubject(reply);
    if (this.state !== "connected") throw new NatsError("DISCONNECTED", "not connected");
    if (headers.length && !this.info.headers) throw new NatsError("BAD_HEADER", "this server does not take headers");
    const body = toBytes(payload), head = headers.length ? encodeHeaders(headers) : EMPTY;
    const size = head.length + body.length, limit = this.info.max_payload;
    if (size > limit) throw new NatsError("MAX_PAYLOAD", `${size} bytes are more than the server's limit of ${limit}`);
    const verb = head.length ? "HPUB" : "PUB", sizes = head.length ? `${head.length} ${size}` : size;
    this.#write(`${verb} ${subject} ${reply && reply + " "}${sizes}\r\n`, head, body, "\r\n");
    this.stats.outMsgs++;
    this.stats.outBytes += size;
  }

  /** request publishes with a reply subject and resolves with the first reply. timeout is in ms. */
  request(subject, payload, { timeout = 2000, headers = [] } = {}) {
    return new Promise((resolve, reject) => {
      this.#inbox ??= this.subscribe(`${this.#options.inboxPrefix}.${randomToken()}.*`, (m) => this.#answered(m));
      const token = (++this.#tokens).toString(36);
      this.publish(subject, payload, { reply: this.#inbox.subject.slice(0, -1) + token, headers });
      const settle = (error, message) => {
        this.#calls.delete(token);
        clearTimeout(timer);
        error ? reject(error) : resolve(message);
      };
      const late = new NatsError("TIMEOUT", `no reply from ${subject} within ${timeout} ms`);
      const timer = setTimeout(() => settle(late), timeout);
      this.#calls.set(token, { subject, settle });
    });
  }

  /** ping resolves with the round-trip time in ms, when the server has handled all that was sent before. */
  ping() {
    if (this.state !== "connected") return Promise.reject(new NatsError("DISCONNECTED", "not connected"));
    return new Promise((resolve, reject) => {
      this.#pongs.push({ sent: performance.now(), resolve, reject });
      this.#write("PING\r\n");
    });
  }

  #dial() {
    const ms = this.#options.connectTimeout;
    const late = () => this.#lost(new NatsError("TIMEOUT", `no answer from the server within ${ms} ms`));
    this.#timer = setTimeout(late, ms);
    try {
      const socket = (this.#socket = new this.#options.WebSocket(this.#url));
      const parser = new Parser((op) => socket === this.#socket && this.#handle(op)); // a socket given up may still speak
      socket.binaryType = "arraybuffer";
      socket.onmessage = ({ data }) => {
        try { parser.push(toBytes(data)); } catch (error) { if (socket === this.#socket) this.#lost(error); }
      };
      socket.onclose = ({ code, reason }) => {
        const ended = `the connection ended: ${reason || "no reason was given"} (${code})`;
        const text = this.#greeted || reason ? ended : `no NATS server answers at ${this.#url}`;
        if (socket === this.#socket) this.#lost(new NatsError("DISCONNECTED", text));
      };
    } catch (error) {
      this.#lost(new NatsError("URL", error.message));
    }
  }

  #handle(op) {
    switch (op.op) {
      case "MSG": return this.#deliver(op.message);
      case "PING": return this.#write("PONG\r\n");
      case "PONG": return this.#ponged();
      case "-ERR": return this.#refused(op.text);
      case "INFO":
        this.info = op.info;
        if (!this.#greeted) this.#greet();
        this.#tell("info", { info: op.info });
    }
  }

  // greet answers the first INFO: CONNECT, every subscription, PING. The PONG says that all of it was accepted.
  #greet() {
    const { name, user, pass, token } = this.#options;
    const headers = Boolean(this.info.headers); // no_responders without headers is refused by the server
    const login = user ? { user, pass } : token ? { auth_token: token } : {};
    const client = { name, lang: "weir-console", version: "1.0.0", protocol: 1, verbose: false, pedantic: false, echo: true };
    const connect = { ...client, headers, no_responders: headers, ...login };
    this.#greeted = true;
    this.#pongs = [{ sent: performance.now(), resolve: () => this.#up(), reject() {} }];
    this.#write(`CONNECT ${JSON.stringify(connect)}\r\n`, ...[...this.#subs.values()].map(subscription), "PING\r\n");
  }

  #up() {
    clearTimeout(this.#timer);
    this.#attempts = 0;
    this.#pinger = setInterval(() => {
      if (this.#pongs.length >= MAX_PINGS) this.#lost(new NatsError("TIMEOUT", "the server stopped answering"));
      else this.ping().catch(() => {});
    }, this.#options.pingInterval);
    this.#become("connected");
    this.#opening?.resolve(this);
    this.#opening = null;
  }

  #ponged() {
    const waiter = this.#pongs.shift();
    this.#reason = null;
    if (!waiter) return;
    this.rtt = performance.now() - waiter.sent;
    waiter.resolve(this.rtt);
    this.#tell("rtt", { rtt: this.rtt });
  }

  #deliver(message) {
    this.stats.inMsgs++;
    this.stats.inBytes += message.size;
    const sub = this.#subs.get(message.sid);
    if (!sub) return; // it was under way when we unsubscribed
    if (++sub.received === sub.max) this.#subs.delete(sub.sid);
    try { sub.callback(message); } catch (error) { this.#tell("error", { error }); } // must not end the connection
  }

  #answered(message) {
    const call = this.#calls.get(message.subject.slice(this.#inbox.subject.length - 1));
    const none = message.status === 503 && message.payload.length === 0;
    call?.settle(none && new NatsError("NO_RESPONDERS", `no responders: nobody listens on ${call.subject}`), message);
  }

  // refused handles -ERR. A violation of permissions leaves the connection open and fails the requests it is about.
  #refused(text) {
    const error = new NatsError("SERVER", text);
    if (!/^permissions violation/i.test(text)) this.#reason = error;
    const inbox = this.#inbox && text.includes(`"${this.#inbox.subject}"`);
    for (const call of [...this.#calls.values()]) if (inbox || text.includes(`"${call.subject}"`)) call.settle(error);
    if (inbox) {
      this.#subs.delete(this.#inbox.sid);
      this.#inbox = null; // the next request tries again
    }
    this.#tell("error", { error });
  }

  // lost gives the socket up and dials again, unless it never was up or the server refused our credentials: it would
  // only refuse them again.
  #lost(error) {
    const reason = this.#reason ?? error;
    const refused = this.state !== "connected" && /authoriz|authentic/i.test(this.#reason?.message);
    if (this.#opening || refused) return this.#finish(reason);
    this.#giveUp(reason);
    const ceiling = Math.min(this.#options.maxDelay, this.#options.minDelay * 2 ** this.#attempts++);
    const delay = ceiling * (0.5 + Math.random() / 2); // jitter: pages must not all come back at once
    this.#timer = setTimeout(() => this.#dial(), delay);
    this.#become("reconnecting", { reason, delay });
  }

  #finish(reason) {
    if (this.state === "closed") return;
    this.#giveUp(reason);
    this.#become("closed", { reason });
    this.#opening?.reject(reason);
    this.#opening = null;
  }

  #giveUp(reason) {
    const socket = this.#socket;
    this.#socket = this.#reason = null;
    this.#greeted = false;
    clearTimeout(this.#timer);
    clearInterval(this.#pinger);
    socket?.close();
    for (const waiter of this.#pongs.splice(0)) waiter.reject(reason);
    for (const call of [...this.#calls.values()]) call.settle(reason);
  }

  #write(...parts) {
    const pieces = parts.map(toBytes), whole = new Uint8Array(pieces.reduce((n, p) => n + p.length, 0));
    let at = 0;
    for (const p of pieces) whole.set(p, (at += p.length) - p.length);
    this.#socket.send(whole); // one operation, one WebSocket message
  }

  #become(state, detail = {}) { this.state = state; this.#tell("state", { state, ...detail }); }

  #tell(type, detail) { this.dispatchEvent(new CustomEvent(type, { detail })); }
}

// subscription is SUB and, if it has a limit, the UNSUB that tells the server what is left of it.
function subscription(sub) {
  sub.before = sub.received; // the server's count begins now
  const { sid, subject, queue, max, received } = sub;
  return `SUB ${subject} ${queue && queue + " "}${sid}\r\n${max ? `UNSUB ${sid} ${max - received}\r\n` : ""}`;
}
