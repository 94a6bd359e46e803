// Elements, pictures of 28 x 28 pixels, colours, and moving about by arrow keys.

function get(id) {
  return document.getElementById(id);
}

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function makePicture(properties = {}) {
  return make("canvas", { width: SIDE, height: SIDE, className: "picture", ...properties });
}

// Numbers as a picture: shadeOf gives the place in a table of 256 colours.
function paint(canvas, numbers, { colours, shadeOf }) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(SIDE, SIDE);
  for (let i = 0; i < NUM_PIXELS; i++) {
    const shade = colours[shadeOf(numbers[i])];
    image.data[4 * i] = shade[0];
    image.data[4 * i + 1] = shade[1];
    image.data[4 * i + 2] = shade[2];
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

const GREYS = {
  colours: Array.from({ length: 256 }, (_, byte) => [byte, byte, byte]),
  shadeOf: (byte) => byte,
};

// Changes a text only where it is another one: each change costs a layout.
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// A colour of the style sheet; there they are all written #rrggbb.
function colour(name) {
  const text = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
}

function mix(from, to, part) {
  return from.map((channel, i) => Math.round(channel + (to[i] - channel) * part));
}

// Colours of numbers from -limit to limit; those of 0, in the middle, are neutral.
function diverging(limit) {
  const theme = document.documentElement.dataset.theme;
  divergingColours[theme] = divergingColours[theme] || mixDiverging();
  const factor = limit ? 127 / limit : 0;
  const shadeOf = (number) => 128 + Math.round(number * factor);
  return { colours: divergingColours[theme], shadeOf };
}

const divergingColours = {};

function mixDiverging() {
  const [against, neutral, favour] = ["against", "neutral", "favour"].map(colour);
  return Array.from({ length: 256 }, (_, shade) =>
    mix(neutral, shade < 128 ? against : favour, Math.min(1, Math.abs(shade - 128) / 127)));
}

// Black or white, whichever is read better on a colour.
function inkOn([red, green, blue]) {
  const [r, g, b] = [red, green, blue].map((channel) => {
    const part = channel / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000000" : "#ffffff";
}

function showLegend(element, least, most, text = "") {
  element.replaceChildren(
    make("span", { className: "end" }, `${say("against")} ${least}`),
    make("span", { className: "ramp diverging" }),
    make("span", { className: "end" }, `${most} ${say("for")}`),
    make("span", { className: "unit" }, text),
  );
}

function fillSelect(select, entries) {
  const chosen = select.value;
  select.replaceChildren(
    ...entries.map(([value, text]) => make("option", { value, textContent: text })));
  select.value = chosen;
  if (select.selectedIndex < 0) select.selectedIndex = 0;
}

// Radio buttons beside each other.
function fillSegments(element, name, entries, chosen, onChoose) {
  element.replaceChildren(...entries.map(([value, text]) => {
    const properties = { type: "radio", name, value, checked: value === chosen };
    const input = make("input", { ...properties, onchange: () => onChoose(value) });
    return make("label", {}, input, make("span", { textContent: text }));
  }));
}

// One of the items can be reached by Tab; arrow keys, Home and End go to the others.
function moveByArrows(container, getItems, countColumns) {
  container.addEventListener("keydown", (event) => {
    const items = getItems();
    const here = items.indexOf(event.target.closest("[tabindex]"));
    const columns = countColumns();
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
    const ends = { Home: 0, End: items.length - 1 };
    if (here < 0 || !(event.key in steps || event.key in ends)) return;
    event.preventDefault();
    const there = event.key in ends ? ends[event.key] : here + steps[event.key];
    if (items[there]) items[there].focus();
  });
  container.addEventListener("focusin", (event) => {
    const item = event.target.closest("[tabindex]");
    for (const other of container.querySelectorAll('[tabindex="0"]')) other.tabIndex = -1;
    if (item) item.tabIndex = 0;
  });
}

function columnsOf(items) {
  const below = items.findIndex((item) => item.offsetTop > items[0].offsetTop);
  return below < 0 ? items.length : below;
}
