// An image under its classes on a canvas. It is redrawn from stored maps, so that no slider asks the server.

import { element, percent } from "./dom.js";

export class View {
  constructor(figure) {
    this.canvas = figure.querySelector("canvas");
    this.caption = figure.querySelector("figcaption");
    this.result = null;
  }

  // photo: anything that a canvas draws; result: from the engine, with maps of a byte for each pixel.
  show(photo, result) {
    const { mask, probability, uncertainty } = result;
    // The scale ends near the largest value, because a single pixel could leave all others dark.
    const most = uncertainty && Math.max(1, Uint8Array.from(uncertainty).sort()[Math.floor(0.995 * (uncertainty.length - 1))]);
    Object.assign(this, { photo, result, mask, probability, uncertainty, most });
    this.resize(result.width, result.height);
  }

  resize(width, height) {
    Object.assign(this.canvas, { width, height, hidden: false });
    this.canvas.style.setProperty("--ratio", width / height);
  }

  // hidden: names of classes that are not drawn; most: the uncertainty with the brightest colour.
  draw({ layer, opacity, contours, hidden, most }) {
    if (!this.result) return;
    const { width, height } = this.canvas;
    const context = this.canvas.getContext("2d");
    context.drawImage(this.photo, 0, 0, width, height);
    context.globalAlpha = opacity;
    context.drawImage(this.layer(layer, hidden, layer === "uncertainty" ? most : 255), 0, 0);
    context.globalAlpha = 1;
    if (contours) context.drawImage(this.lines(hidden), 0, 0);
  }

  layer(layer, hidden, brightest) {
    const values = layer === "uncertainty" ? this.uncertainty : this.probability;
    const shown = this.result.classes.map(({ name }) => !hidden.has(name));
    const colors = layer === "classes"
      ? this.result.classes.map(({ color }) => packed(color))
      : Array.from({ length: 256 }, (_, level) => packed(heat(level / brightest)));
    const levels = layer === "classes" ? this.mask : values;
    return this.pixels((i) => (shown[this.mask[i]] ? colors[levels[i]] : 0));
  }

  lines(hidden) {
    const { mask } = this;
    const { width } = this.canvas;
    const shown = this.result.classes.map(({ name }) => !hidden.has(name));
    const parts = (i, other) => mask[i] !== mask[other] && (shown[mask[i]] || shown[mask[other]]);
    const white = packed([255, 255, 255]);
    return this.pixels((i) => {
      const right = (i + 1) % width ? i + 1 : i;
      const below = i + width < mask.length ? i + width : i;
      return parts(i, right) || parts(i, below) ? white : 0;
    });
  }

  // An image of the maps' size, where 0 is transparent.
  pixels(colorOf) {
    const { width, height } = this.canvas;
    const layer = element("canvas", { width, height });
    const context = layer.getContext("2d");
    const image = context.createImageData(width, height);
    const colors = new Uint32Array(image.data.buffer);
    for (let i = 0; i < colors.length; i++) colors[i] = colorOf(i);
    context.putImageData(image, 0, 0);
    return layer;
  }

  // The pixel under a pointer, as [x, y] in the maps.
  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const x = Math.floor(((event.clientX - box.left) / box.width) * this.canvas.width);
    const y = Math.floor(((event.clientY - box.top) / box.height) * this.canvas.height);
    return [Math.min(Math.max(x, 0), this.canvas.width - 1), Math.min(Math.max(y, 0), this.canvas.height - 1)];
  }

  describe(x, y) {
    const i = y * this.canvas.width + x;
    const name = this.result.classes[this.mask[i]].name;
    const spread = this.uncertainty ? `, uncertainty ${(this.uncertainty[i] / 255 / 2).toFixed(2)}` : "";
    return `${name}, ${percent(this.probability[i] / 255)}${spread}`;
  }

  mark(x, y) {
    const context = this.canvas.getContext("2d");
    for (const [color, width] of [["#000", 4], ["#fff", 2]]) {
      context.strokeStyle = color;
      context.lineWidth = width;
      context.strokeRect(x - 6, y - 6, 12, 12);
    }
  }
}

// An opaque colour as the 32 bits of a pixel. Every machine with a browser is little-endian.
const packed = ([r, g, b]) => (255 << 24) | (b << 16) | (g << 8) | r;

// Black, violet, orange, light yellow: four points of matplotlib's inferno with straight lines between them.
const INFERNO = [[0, 0, 4], [87, 16, 110], [188, 55, 84], [249, 142, 9], [252, 255, 164]];

export function heat(share) {
  const place = Math.min(Math.max(share, 0), 1) * (INFERNO.length - 1);
  const before = Math.min(Math.floor(place), INFERNO.length - 2);
  return INFERNO[before].map((value, i) => value + (INFERNO[before + 1][i] - value) * (place - before));
}
