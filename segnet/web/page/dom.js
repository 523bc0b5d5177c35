// Small helpers for the document. Text from outside only ever becomes text, never markup.

export const $ = (id) => document.getElementById(id);

export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// The one place for errors. An empty sentence removes it.
export function say(sentence) {
  $("message").textContent = sentence;
  $("message").hidden = !sentence;
}

// The progress of a long task. An empty text removes the bar.
export function progress(text, share) {
  $("loading").hidden = !text;
  $("loading-text").textContent = text;
  $("loading-bar").value = share;
}

export function swatch(color) {
  const made = element("span", { className: "swatch" });
  made.style.setProperty("--color", `rgb(${color.join(" ")})`);
  return made;
}

export function percent(share) {
  return share > 0 && share < 0.01 ? "<1 %" : `${Math.round(share * 100)} %`;
}

export function milliseconds(seconds) {
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
}

// The server's images are PNG files as data URLs. Their bytes are the values.
export async function loadImage(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  return image;
}

export async function loadBytes(url) {
  const image = await loadImage(url);
  const canvas = element("canvas", { width: image.naturalWidth, height: image.naturalHeight });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
  const bytes = new Uint8Array(canvas.width * canvas.height);
  for (let i = 0; i < bytes.length; i++) bytes[i] = pixels[4 * i];
  return bytes;
}

export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
