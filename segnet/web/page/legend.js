// The table of classes: colour, name, share, and a box that shows or hides the class.

import { $, element, percent, swatch } from "./dom.js";

export const hidden = new Set();

// results: one, or two that are compared. Classes with the same name are the same.
export function fillLegend(results, redraw) {
  const rows = new Map();
  results.forEach((result, which) => {
    for (const { name, color, share } of result.classes) {
      if (!rows.has(name)) rows.set(name, { color, shares: [null, null] });
      rows.get(name).shares[which] = share;
    }
  });
  const second = results.length > 1;
  document.querySelector(".legend .second").hidden = !second;
  $("legend").replaceChildren(...[...rows].map(([name, row]) => legendRow(name, row, second, redraw)));
}

function legendRow(name, { color, shares }, second, redraw) {
  const box = element("input", { type: "checkbox", checked: !hidden.has(name) });
  box.addEventListener("change", () => {
    if (box.checked) hidden.delete(name);
    else hidden.add(name);
    redraw();
  });
  const label = element("label", {}, box, swatch(color), name);
  const row = element("tr", {}, element("th", { scope: "row" }, label));
  row.classList.toggle("absent", !shares.some((share) => share > 0));
  for (const share of second ? shares : shares.slice(0, 1)) {
    const cell = element("td", { className: "number", textContent: share === null ? "–" : percent(share) });
    cell.style.setProperty("--share", share ?? 0);
    row.append(cell);
  }
  return row;
}

export function setAll(shown, redraw) {
  for (const box of $("legend").querySelectorAll("input")) {
    if (box.checked !== shown) box.click();
  }
  redraw();
}
