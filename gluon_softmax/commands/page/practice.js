// Training in the page: what is chosen, what is asked of the learner, and what it shows.

const SHOWN = 32;
const CHOICES = {
  lr: [0.01, 0.03, 0.1, 0.3, 1],
  batchSize: [1, 16, 64, 256],
  momentum: [0, 0.5, 0.9],
  count: [50, 200, 1000, 2000],
  start: ["normal", "zeros"],
};
const practice = { learner: null, pixels: null, given: data.practice, state: null, points: [],
  settings: null, isPlaying: false, isWaiting: false, isDrawing: false, redraws: 0, missing: null };

// A worker with the learner's own text; where none can be had, the same function in the page.
function startLearner(onState) {
  const answer = (event) => onState(event.data);
  const fail = () => {
    practice.missing = "practice_no_worker";
    const port = { postMessage: (state) => setTimeout(() => onState(state)) };
    runLearner(port);
    return { postMessage: (message) => port.onmessage({ data: message }) };
  };
  try {
    const text = `"use strict"; ${runLearner} runLearner(self);`;
    const worker = new Worker(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
    worker.onmessage = answer;
    worker.onerror = () => {
      practice.learner = fail();
      loadLearner();
    };
    return worker;
  } catch {
    return fail();
  }
}

function decodeOrders(given) {
  const places = new Uint16Array(decodeBytes(given.orders).buffer);
  const n = given.labels.length;
  return Array.from({ length: given.epochs }, (_, epoch) => places.slice(epoch * n, (epoch + 1) * n));
}

function heldOut() {
  const chosen = images.places.map((place, i) => i).filter((i) => images.places[i] < data.first);
  const pixels = new Uint8Array(chosen.length * NUM_PIXELS);
  chosen.forEach((i, row) => pixels.set(pixelsOf(i), row * NUM_PIXELS));
  return { pixels, labels: chosen.map((i) => images.labels[i]) };
}

function loadLearner() {
  const train = { pixels: practice.pixels, labels: practice.given.labels };
  const content = { train, held: heldOut(), numClasses: data.classes.en.length };
  practice.learner.postMessage(["load", content]);
  resetPractice();
  renderPractice();
}

function setUpPractice() {
  const { given } = practice;
  const n = given.labels.length;
  CHOICES.count = [...CHOICES.count.filter((count) => count < n), n];
  practice.settings = { ...given.settings, momentum: 0, count: n, start: "normal" };
  CHOICES.batchSize = [...new Set([...CHOICES.batchSize, given.settings.batchSize])]
    .filter((size) => size <= n).sort((a, b) => a - b);
  setUpPracticeControls();
  practice.pixels = decodeImages(given.pixels);
  given.W = decodeFloats(given.start);
  given.places = decodeOrders(given);
  practice.learner = startLearner(takeState);
  loadLearner();
}

// The package's own start and orders belong to its seed, and its orders to all images.
function resetPractice() {
  const { settings, given } = practice;
  const isGiven = settings.seed === given.settings.seed;
  const batchSize = Math.min(settings.batchSize, settings.count);
  setPlaying(false);
  practice.points = [];
  ask(["start", { ...settings, batchSize,
    W: isGiven && settings.start === "normal" ? given.W : null,
    orders: isGiven && settings.count === given.labels.length ? given.places : null }]);
}

function ask(message) {
  if (!practice.learner) return;
  practice.isWaiting = true;
  practice.learner.postMessage(message);
}

// The next step is asked for before this one is drawn: worker and page work side by side.
function takeState(state) {
  practice.isWaiting = false;
  practice.state = state;
  practice.points.push({ epoch: state.epoch + state.seen, train: state.train, held: state.held });
  if (practice.isPlaying) ask(["step"]);
  if (practice.isDrawing) return;
  practice.isDrawing = true;
  requestAnimationFrame(() => {
    practice.isDrawing = false;
    practice.redraws += 1;
    renderPracticeState();
  });
}

function setPlaying(isPlaying) {
  practice.isPlaying = isPlaying;
  get("practice-play").setAttribute("aria-pressed", isPlaying);
  if (isPlaying && !practice.isWaiting) ask(["step"]);
}

function setUpPracticeControls() {
  for (const name of Object.keys(CHOICES)) {
    get(`practice-${name}`).onchange = (event) => {
      const { value } = event.target;
      practice.settings[name] = name === "start" ? value : Number(value);
      resetPractice();
    };
  }
  get("practice-seed").onchange = (event) => {
    const seed = Math.min(9999, Math.max(0, Math.trunc(Number(event.target.value)) || 0));
    event.target.value = practice.settings.seed = seed;
    resetPractice();
  };
  get("practice-step").onclick = () => practice.isWaiting || ask(["step"]);
  get("practice-epoch").onclick = () => practice.isWaiting || ask(["epoch"]);
  get("practice-play").onclick = () => setPlaying(!practice.isPlaying);
  get("practice-reset").onclick = resetPractice;
}

function nameChoice(name, value) {
  if (name === "start") return say(`practice_start_${value}`);
  return formatNumber(value, Number.isInteger(value) ? 0 : String(value).length - 2);
}

function renderPracticeControls() {
  const { settings, learner } = practice;
  for (const [name, values] of Object.entries(CHOICES)) {
    const select = get(`practice-${name}`);
    fillSelect(select, values.map((value) => [value, nameChoice(name, value)]));
    select.value = settings[name];
  }
  get("practice-seed").value = settings.seed;
  for (const name of ["step", "epoch", "play", "reset"]) get(`practice-${name}`).disabled = !learner;
}

// How far the page's parameters are from those of a version, after the same epoch.
function differenceFrom(name) {
  const after = decodeFloats(practice.given.after[name]);
  const found = [...practice.state.W, ...practice.state.b];
  return largestSize(found.map((value, i) => value - after[i]));
}

function isPackagesEpoch() {
  const { settings, given, state } = practice;
  return state.epoch === 1 && state.seen === 0 && settings.momentum === 0
    && settings.start === "normal" && settings.count === given.labels.length
    && Object.entries(given.settings).every(([name, value]) => settings[name] === value);
}

function renderPracticeTexts() {
  const { state, settings, given, missing } = practice;
  write(get("practice-missing"), missing ? say(missing) : "");
  write(get("practice-hint"), say("practice_hint", { count: formatNumber(given.labels.length),
    held: formatNumber(data.first), seed: given.settings.seed, epochs: given.epochs }));
  if (!state) return;
  write(get("practice-state"), say("practice_state", {
    epochs: formatNumber(state.epoch + state.seen, 2),
    loss: formatNumber(state.train.loss, 4), acc: formatShare(state.train.acc),
    heldLoss: formatNumber(state.held.loss, 4), heldAcc: formatShare(state.held.acc) }));
  const wrong = state.wrong.filter(Boolean).length;
  write(get("practice-batch-name"), state.batch.length
    ? say("practice_batch", { size: formatNumber(state.batch.length), wrong: formatNumber(wrong),
      shown: formatNumber(Math.min(SHOWN, state.batch.length)) })
    : say("practice_no_batch", { size: formatNumber(settings.batchSize) }));
  if (isPackagesEpoch()) {
    const shown = Object.keys(given.after).map((name) => formatPower(differenceFrom(name)));
    write(get("practice-proof"), say("practice_proof", { scratch: shown[0], gluon: shown[1],
      time: formatNumber(state.milliseconds) }));
  } else if (state.epoch + state.seen === 0) write(get("practice-proof"), say("practice_prove"));
}

function renderPracticeTemplates() {
  const { W } = practice.state;
  const numClasses = data.classes.en.length;
  const colourOf = diverging(largestSize(W));
  const box = get("practice-templates");
  if (!box.children.length) {
    box.append(...data.classes.en.map(() =>
      make("figure", {}, makePicture({ role: "img" }), make("figcaption"))));
  }
  data.classes.en.forEach((_, label) => {
    const [picture, caption] = box.children[label].children;
    paint(picture, weightsOf({ W, b: { length: numClasses } }, label), colourOf);
    write(caption, className(label));
    picture.setAttribute("aria-label", say("practice_template", { class: className(label) }));
  });
}

function renderPracticeBatch() {
  const { batch, wrong } = practice.state;
  const box = get("practice-batch");
  while (box.children.length < SHOWN) box.append(makePicture());
  [...box.children].forEach((picture, i) => {
    picture.hidden = i >= batch.length;
    if (picture.hidden) return;
    const from = batch[i] * NUM_PIXELS;
    paint(picture, practice.pixels.subarray(from, from + NUM_PIXELS), GREYS);
    picture.classList.toggle("is-wrong", wrong[i]);
  });
}

// Of many points some are drawn, so that long trainings stay quick.
function thin(points, most = 400) {
  const every = Math.ceil(points.length / most);
  return points.filter((_, i) => i % every === 0 || i === points.length - 1);
}

function renderPracticeChart(container, column, factor, text) {
  const points = thin(practice.points);
  const last = Math.max(1, Math.ceil(points[points.length - 1].epoch));
  const values = points.flatMap((point) => [factor * point.train[column], factor * point.held[column]]);
  const place = layOut(container, values, last, 0);
  const { width, height } = place;
  const svg = draw("svg", { width, height, role: "img", "aria-label": text });
  svg.append(drawAxes(place, last, text));
  for (const [set, version] of [["train", 0], ["held", 1]]) {
    svg.append(drawLine(place, points, (point) => factor * point[set][column], version, false));
  }
  container.replaceChildren(svg);
}

function renderPracticeState() {
  renderPracticeTexts();
  if (!practice.state) return;
  renderPracticeTemplates();
  renderPracticeBatch();
  renderPracticeChart(get("practice-loss"), "loss", 1, say("axis_loss"));
  renderPracticeChart(get("practice-acc"), "acc", 100, say("axis_accuracy"));
}

function renderPractice() {
  if (!practice.settings) return; // the page has not been painted once
  renderPracticeControls();
  renderPracticeState();
  get("practice-keys").replaceChildren(
    ...["practice_train", "practice_held"].map((key, version) =>
      make("span", { className: "key" }, drawKey(version), say(key))));
}
