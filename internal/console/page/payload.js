// What a payload looks like to a person: text, indented JSON, or hex. Nothing here touches the page, so that it can be
// tested without one. Everything takes and measures bytes; nothing changes a payload.

const STRICT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** VIEW_LIMIT is how many bytes of a payload are shown; Save gives all of them. */
export const VIEW_LIMIT = 64 * 1024;

/** PREVIEW_LIMIT is how many bytes of a payload are looked at for one line of the list. */
export const PREVIEW_LIMIT = 256;

/** asText returns bytes as text, or null if they are not UTF-8 or hold control characters. With cut set, the bytes
 *  are the beginning of more, and a character that is cut off at the end is left out. */
export function asText(bytes, cut = false) {
  let text;
  try {
    text = STRICT.decode(cut ? bytes.subarray(0, wholeCharacters(bytes)) : bytes);
  } catch {
    return null;
  }
  return /[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]/.test(text) ? null : text; // ESC is let through: coloured logs are text
}

// wholeCharacters is the length of bytes without a last character that is not complete (RFC 3629 §3).
function wholeCharacters(bytes) {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const b = bytes[bytes.length - back];
    if ((b & 0xc0) === 0x80) continue; // in the middle of a character
    const length = b >= 0xf0 ? 4 : b >= 0xe0 ? 3 : b >= 0xc0 ? 2 : 1;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

/** preview returns {text, binary}: one line of a payload, of at most PREVIEW_LIMIT bytes. */
export function preview(bytes) {
  const cut = bytes.length > PREVIEW_LIMIT;
  const head = cut ? bytes.subarray(0, PREVIEW_LIMIT) : bytes;
  const text = asText(head, cut);
  if (text === null) return { text: hexBytes(head.subarray(0, 48)), binary: true };
  return { text: text.replace(/\s+/g, " "), binary: false };
}

// MAX_INDENT bounds the white space that a payload of brackets only can ask for.
const MAX_INDENT = 32;

/** jsonTokens returns the pieces of indented JSON as [kind, text], or null if text is not a JSON object or array.
 *  It indents the source instead of printing it anew, so that 1.0 and 12345678901234567890 stay what they are. */
export function jsonTokens(text) {
  if (!/^\s*[[{]/.test(text)) return null;
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  const pieces = text.match(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+/g);
  const out = [];
  let depth = 0;
  const line = () => out.push(["", "\n" + "  ".repeat(Math.min(depth, MAX_INDENT))]);
  pieces.forEach((piece, i) => {
    const opens = piece === "{" || piece === "[", closes = piece === "}" || piece === "]";
    const empty = closes && (pieces[i - 1] === "{" || pieces[i - 1] === "[");
    if (closes) depth--;
    if (closes && !empty) line();
    out.push([kindOf(piece, pieces[i + 1]), piece === ":" ? ": " : piece]);
    if (opens) depth++;
    const next = pieces[i + 1];
    if (piece === "," || (opens && next !== "}" && next !== "]")) line();
  });
  return out;
}

function kindOf(piece, next) {
  if (piece[0] === '"') return next === ":" ? "key" : "string";
  if (/^[-\d]/.test(piece)) return "number";
  return /^[tfn]/.test(piece) ? "word" : "";
}

function hexBytes(bytes) {
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join(" ");
}

/** hexDump returns lines of offset, 16 bytes, and their printable ASCII. */
export function hexDump(bytes) {
  const lines = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = bytes.subarray(at, at + 16);
    const offset = at.toString(16).padStart(6, "0");
    const left = hexBytes(row.subarray(0, 8)).padEnd(23), right = hexBytes(row.subarray(8)).padEnd(23);
    const ascii = Array.from(row, (b) => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : "\u00b7")).join("");
    lines.push(`${offset}  ${left}  ${right}  ${ascii}`);
  }
  return lines.join("\n");
}

/** formatBytes returns a size for people: 640 B, 1.5 KiB, 3.0 MiB. */
export function formatBytes(n) {
  if (n < 1024) return `${Math.round(n)} B`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let unit = -1;
  do {
    n /= 1024;
    unit++;
  } while (n >= 1023.95 && unit < units.length - 1);
  return `${n.toFixed(1)} ${units[unit]}`;
}

/** formatMillis returns a time span for people: 0.4 ms, 12.3 ms, 1.20 s. Browsers' clocks are no finer than 0.1 ms. */
export function formatMillis(ms) {
  if (ms >= 999.95) return `${(ms / 1000).toFixed(2)} s`;
  return ms < 0.05 ? "under 0.1 ms" : `${ms.toFixed(1)} ms`;
}

/** formatCount returns a number with separators: 12,345. */
export const formatCount = (n) => COUNT.format(n);

const COUNT = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
