// A message rate: the number, the bytes, and a line of the last minute.

import { $ } from "./dom.js";
import { formatBytes, formatCount } from "./payload.js";

const SAMPLES = 60; // one a second

/** Meter owns #rate-…, #flow-…, #peak-… and #spark-… of one direction, "in" or "out". */
export class Meter {
  #rate; #flow; #peak; #canvas;
  #samples = new Array(SAMPLES).fill(0);
  #last = { msgs: 0, bytes: 0 };

  constructor(direction) {
    this.#rate = $(`rate-${direction}`);
    this.#flow = $(`flow-${direction}`);
    this.#peak = $(`peak-${direction}`);
    this.#canvas = $(`spark-${direction}`);
    new ResizeObserver(() => this.draw()).observe(this.#canvas);
  }

  /** sample takes the totals so far; seconds have passed since the last sample. Totals that went back mean a new
   *  connection, which counts from zero. */
  sample(msgs, bytes, seconds) {
    if (msgs < this.#last.msgs) this.#last = { msgs: 0, bytes: 0 };
    const rate = (msgs - this.#last.msgs) / seconds;
    const flow = (bytes - this.#last.bytes) / seconds;
    this.#last = { msgs, bytes };
    this.#samples.push(rate);
    this.#samples.shift();
    this.#rate.textContent = formatCount(rate);
    this.#flow.textContent = `${formatBytes(flow)}/s`;
    const peak = Math.round(Math.max(...this.#samples));
    this.#peak.textContent = peak ? `peak ${formatCount(peak)}` : "";
    this.draw();
  }

  /** draw paints the line, in the colour the style sheet gives the canvas. */
  draw() {
    const canvas = this.#canvas, scale = window.devicePixelRatio || 1;
    const width = canvas.clientWidth, height = canvas.clientHeight;
    if (!width || !height) return;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const pen = canvas.getContext("2d");
    pen.scale(scale, scale);
    pen.strokeStyle = pen.fillStyle = getComputedStyle(canvas).color;
    pen.lineWidth = 1.5;
    pen.lineJoin = "round";
    const top = Math.max(1, ...this.#samples);
    const x = (i) => (i / (SAMPLES - 1)) * width;
    const y = (v) => height - 1 - (v / top) * (height - 3);
    pen.beginPath();
    this.#samples.forEach((v, i) => pen.lineTo(x(i), y(v)));
    pen.stroke();
    pen.lineTo(width, height);
    pen.lineTo(0, height);
    pen.globalAlpha = 0.12;
    pen.fill();
  }
}
