// The picture: drawn with mouse, finger or keys, or taken from the test images.

const picture = { pixels: new Uint8Array(NUM_PIXELS), index: null, changed: false };
const pen = { x: SIDE / 2, y: SIDE / 2, down: false, erases: false, last: null };
const before = []; // pictures as they were, the latest last
const NUM_KEPT = 50;
const NUM_RECENT = 100;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function brushRadius() {
  return Number(get("brush").value) / 2;
}

// A soft round dot; where dots lie on each other, the brighter one stays.
function stamp(pixels, x, y, radius, erases) {
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      const distance = Math.hypot(column + 0.5 - x, row + 0.5 - y);
      const cover = Math.min(1, Math.max(0, radius + 0.5 - distance));
      const at = row * SIDE + column;
      pixels[at] = erases
        ? Math.min(pixels[at], Math.round(255 * (1 - cover)))
        : Math.max(pixels[at], Math.round(255 * cover));
    }
  }
}

function drawLineTo(x, y) {
  const [fromX, fromY] = pen.last || [x, y];
  const steps = Math.max(1, Math.ceil(2 * Math.hypot(x - fromX, y - fromY)));
  for (let step = pen.last ? 1 : steps; step <= steps; step++) {
    const at = [fromX + (x - fromX) * step / steps, fromY + (y - fromY) * step / steps];
    stamp(picture.pixels, ...at, brushRadius(), pen.erases);
  }
  pen.last = [x, y];
  picture.changed = true;
}

// Draws, classifies and shows; what is measured ends when the bars are laid out.
function measured(change) {
  const start = performance.now();
  change();
  renderPicture();
  get("bars").getBoundingClientRect();
  timings.classified = performance.now() - start;
  timings.recent = [...timings.recent, timings.classified].slice(-NUM_RECENT);
  showTimings();
}

function keep() {
  before.push({ ...picture, pixels: picture.pixels.slice() });
  if (before.length > NUM_KEPT) before.shift();
}

function undo() {
  if (!before.length) return;
  measured(() => {
    const { pixels, ...others } = before.pop();
    picture.pixels.set(pixels);
    Object.assign(picture, others);
  });
}

function placeOf(event) {
  const box = get("pad").getBoundingClientRect();
  const [x, y] = [event.clientX - box.left, event.clientY - box.top];
  return [SIDE * x / box.width, SIDE * y / box.height];
}

function setUpPointer() {
  const pad = get("pad");
  pad.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    pad.setPointerCapture(event.pointerId);
    pen.last = null;
    keep();
    measured(() => drawLineTo(...placeOf(event)));
  });
  pad.addEventListener("pointermove", (event) => {
    [pen.x, pen.y] = placeOf(event);
    showPen();
    if (!pad.hasPointerCapture(event.pointerId)) return;
    const events = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    const places = (events.length ? events : [event]).map(placeOf);
    measured(() => places.forEach((place) => drawLineTo(...place)));
  });
}

function setUpKeys() {
  get("pad").addEventListener("keydown", (event) => {
    const { key } = event;
    if (!(key in ARROWS) && key !== " " && key !== "Enter") return;
    event.preventDefault();
    if (key in ARROWS) movePen(...ARROWS[key]);
    else if (!event.repeat) setPen(key === " " || !pen.down);
  });
  get("pad").addEventListener("keyup", (event) => {
    if (event.key === " ") setPen(false);
  });
  get("pad").addEventListener("blur", () => setPen(false));
}

function movePen(across, down) {
  const within = (n) => Math.min(SIDE - 0.5, Math.max(0.5, n));
  pen.x = within(pen.x + across);
  pen.y = within(pen.y + down);
  if (pen.down) measured(() => drawLineTo(pen.x, pen.y));
  showPen();
}

function setPen(down) {
  if (down === pen.down) return;
  pen.down = down;
  pen.last = null;
  if (down) keep();
  if (down) measured(() => drawLineTo(pen.x, pen.y));
  get("pen-state").textContent = say(down ? "pen_down" : "pen_up");
  showPen();
}

function showPen() {
  const ring = get("pen");
  ring.style.left = `${100 * pen.x / SIDE}%`;
  ring.style.top = `${100 * pen.y / SIDE}%`;
  ring.style.width = `${100 * (2 * brushRadius() + 1) / SIDE}%`;
  ring.classList.toggle("down", pen.down);
  get("brush-size").textContent = say("brush_size", { size: formatNumber(2 * brushRadius(), 1) });
}

function takeImage(index) {
  keep();
  measured(() => {
    picture.pixels.set(pixelsOf(index));
    Object.assign(picture, { index, changed: false });
  });
}

function takePixels(pixels) {
  keep();
  measured(() => {
    picture.pixels.set(pixels);
    Object.assign(picture, { index: null, changed: false });
  });
}

function setUpTools() {
  get("brush").oninput = showPen;
  get("erase").onclick = () => {
    pen.erases = !pen.erases;
    get("erase").setAttribute("aria-pressed", pen.erases);
  };
  get("clear").onclick = () => takePixels(new Uint8Array(NUM_PIXELS));
  get("undo").onclick = undo;
  document.addEventListener("keydown", (event) => {
    if (event.key !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey) return;
    if (event.target.matches("input[type=number]")) return;
    event.preventDefault();
    undo();
  });
  get("random").onclick = () => takeImage(Math.floor(Math.random() * images.labels.length));
}

function namePicture() {
  if (picture.pixels.every((byte) => byte === 0)) return say("picture_empty");
  if (picture.index === null) return say("picture_drawn");
  return say(picture.changed ? "picture_changed" : "picture_test", {
    place: formatNumber(images.places[picture.index]),
    true: className(images.labels[picture.index]),
  });
}

// The first test image of each class that has one here.
function renderStarters() {
  const firsts = data.classes.en.map((_, label) => images.labels.indexOf(label));
  get("starters").replaceChildren(...firsts.filter((index) => index >= 0).map((index) => {
    const label = images.labels[index];
    const starter = make("button", { type: "button" }, makePicture(),
      make("span", { textContent: className(label) }));
    starter.setAttribute("aria-label", say("take_image", {
      place: formatNumber(images.places[index]), true: className(label) }));
    starter.onclick = () => takeImage(index);
    paint(starter.firstChild, pixelsOf(index), GREYS);
    return starter;
  }));
}

function renderPicture() {
  const X = scale(models[0], picture.pixels);
  const found = models.map((model) => scores(model, X));
  paint(get("pad"), picture.pixels, GREYS);
  write(get("picture-name"), namePicture());
  renderBars(found.map(softmax));
  renderPush(X, found[0]);
  studyPicture(found[0]);
  renderNetworksSoon();
  get("undo").disabled = !before.length;
}
