// The engine that asks the server of this page.

import { form, get, post } from "../api.js";
import { startClip } from "../clip.js";
import { loadBytes, loadImage } from "../dom.js";

const MAPS = ["activation", "codes", "unpooled", "decoded", "unpooled_without", "decoded_without"];

const drawn = {};  // colours over a photograph, by the model's name; a mask keeps the classes' own

export const engine = {
  async offer() {
    const offer = await get("api/models");
    for (const model of offer.models) drawn[model.name] = model.drawing_colors;
    return offer;
  },

  // Segments an image file: { classes: [{ name, color, share }], mask, probability, uncertainty, ... }.
  async segment(file, photo, chosen, signal) {
    const result = await (await post("api/segment", form("image", file, chosen), { signal })).json();
    const urls = [result.mask, result.probability, result.uncertainty];
    const [mask, probability, uncertainty] = await Promise.all(urls.map((url) => url && loadBytes(url)));
    const classes = result.classes.map((each, i) => ({ ...each, color: drawn[result.model][i] }));
    return { ...result, classes, mask, probability, uncertainty };
  },

  // The class of each pixel of a canvas. A busy server refuses at once.
  async classes(canvas, chosen, colors) {
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.9));
    const answer = await post("api/mask", form("image", blob, chosen), { patient: false });
    return indices(await answer.blob(), colors);
  },

  // A PNG whose pixels are class indices.
  async maskFile(file, photo, chosen) {
    return (await post("api/mask", form("image", file, chosen))).blob();
  },

  // The values of each stage: strips of maps below each other, as images.
  async stages(file, photo, chosen) {
    const answer = await (await post("api/stages", form("image", file, chosen))).json();
    const stages = answer.stages.map(async (stage) => {
      const maps = await Promise.all(MAPS.map(async (name) => [name, await loadImage(stage[name])]));
      return { ...stage, maps: Object.fromEntries(maps) };
    });
    const whole = await Promise.all([answer.image, answer.mask, answer.mask_without].map(loadImage));
    return { ...answer, stages: await Promise.all(stages), whole };
  },

  startClip,
};

// The palette of the mask's PNG has the classes' colours. A browser gives colours, not indices.
async function indices(blob, colors) {
  const image = await createImageBitmap(blob, { colorSpaceConversion: "none" });
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
  const known = new Map(colors.map(([r, g, b], i) => [(r << 16) | (g << 8) | b, i]));
  const mask = new Uint8Array(canvas.width * canvas.height);
  for (let i = 0; i < mask.length; i++) mask[i] = known.get((pixels[4 * i] << 16) | (pixels[4 * i + 1] << 8) | pixels[4 * i + 2]) ?? 0;
  return mask;
}
