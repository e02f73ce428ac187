// Assertions that work in Node and in a browser.

const PATIENCE = 20_000; // ms that anything which should happen at once may take on a busy machine

/** equal fails unless both are the same JSON. */
export function equal(got, want, what = "value") {
  const [a, b] = [JSON.stringify(got), JSON.stringify(want)];
  if (a !== b) throw new Error(`${what} is ${a}, want ${b}`);
}

/** ok fails unless the value is true. */
export function ok(value, what) {
  if (!value) throw new Error(what);
}

/** rejects fails unless the promise is rejected with an error that has the pattern in its name, code or text. */
export async function rejects(promise, pattern) {
  let result;
  try {
    result = await promise;
  } catch (error) {
    for (let e = error; e; e = e.cause ?? e.chainedError) {
      if (pattern.test(`${e.name} ${e.code} ${e.message}`)) return;
    }
    throw new Error(`rejected with ${error.name} ${error.code} ${error.message}, want ${pattern}`);
  }
  throw new Error(`not rejected but ${result}, want ${pattern}`);
}

/** soon is the promise, or an error after the patience. */
export function soon(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no ${what} in ${PATIENCE} ms`)), PATIENCE);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Mailbox is a callback for a subscription, and the messages it got. */
export class Mailbox {
  #messages = [];
  #waiting = [];

  callback = (error, message) => {
    const entry = error ? Promise.reject(error) : message;
    const next = this.#waiting.shift();
    if (next) next(entry);
    else this.#messages.push(entry);
  };

  /** next is the next message. */
  next() {
    if (this.#messages.length > 0) return Promise.resolve(this.#messages.shift());
    return soon(new Promise((resolve) => this.#waiting.push(resolve)), "message");
  }

  /** size is the number of messages that nobody has taken. */
  get size() {
    return this.#messages.length;
  }
}

/** status waits for an event of a connection's status iterator. Call it before what causes the event. */
export function status(nc, type) {
  return soon(
    (async () => {
      for await (const event of nc.status()) {
        if (event.type === type) return event;
      }
      throw new Error(`the connection was closed without ${type}`);
    })(),
    `status ${type}`,
  );
}
