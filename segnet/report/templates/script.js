"use strict";

// The panes that the cards show, and the opacity of the overlays.
const views = document.querySelectorAll('input[name="view"]');
for (const view of views) {
  view.addEventListener("change", () => { document.body.dataset.view = view.value; });
  // Browsers keep the choice when the page is reloaded.
  if (view.checked) document.body.dataset.view = view.value;
}

const opacity = document.getElementById("opacity");
if (opacity) {
  const show = () => {
    document.documentElement.style.setProperty("--opacity", opacity.value / 100);
    opacity.nextElementSibling.value = `${opacity.value} %`;
  };
  opacity.addEventListener("input", show);
  show();
}

// A grid of cells is a single stop of the Tab key. The arrow keys move inside it.
for (const grid of document.querySelectorAll('[role="grid"]')) {
  const rows = [...grid.tBodies[0].rows].map((row) => [...row.querySelectorAll("td")]);
  const report = document.getElementById("cell");
  const tell = (event) => {
    const cell = event.target.closest("td");
    if (cell) report.textContent = cell.title;
  };
  grid.addEventListener("mouseover", tell);
  grid.addEventListener("focusin", tell);
  grid.addEventListener("keydown", (event) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    const y = rows.findIndex((row) => row.includes(event.target));
    if (!step || y < 0) return;
    const x = rows[y].indexOf(event.target);
    const next = rows[y + step[0]]?.[x + step[1]];
    event.preventDefault();
    if (!next) return;
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
}

// An image opens at the size of the window.
const large = document.getElementById("large");
document.addEventListener("click", (event) => {
  const button = event.target.closest(".enlarge");
  if (!button) return;
  const image = button.firstElementChild.cloneNode(true);
  const { width, height } = image.viewBox.baseVal;
  image.style.setProperty("--ratio", width / height);
  large.querySelector("div").replaceChildren(image);
  large.querySelector("p").textContent = button.getAttribute("aria-label").replace(/, show it large$/, "");
  large.showModal();
});
large.addEventListener("click", (event) => { if (event.target === large) large.close(); });

// A long name may take several lines.
for (const head of document.querySelectorAll("tbody th, .classes thead th")) {
  head.classList.toggle("long", head.textContent.length > 24);
}

// A table that is wider than the window says so.
const measure = () => {
  for (const box of document.querySelectorAll(".scroll")) {
    box.classList.toggle("wide", box.scrollWidth > box.clientWidth + 1);
  }
};
addEventListener("resize", measure);
addEventListener("toggle", measure, true);
measure();

// On paper everything is shown.
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details:not([open])")) details.open = true;
});
