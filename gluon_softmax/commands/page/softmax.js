// Softmax itself: scores to exponentials to probabilities, in 32-bit numbers as MXNet has them.

const FLOAT32_MOST = 2 ** 128 - 2 ** 104;
const SCORE_LIMIT = 20;
const study = { scores: null, isOwn: false, label: 0, rows: [] };

// Section 3.6.3, each number rounded to 32 bits; as the book has it, or less the largest first.
function softmaxByParts(numbers, isSafe) {
  const round = Math.fround;
  const shift = isSafe ? Math.max(...numbers) : 0;
  const powers = numbers.map((number) => round(Math.exp(round(number - shift))));
  const total = powers.reduce((sum, power) => round(sum + power), 0);
  return { powers, total, probabilities: powers.map((power) => round(power / total)) };
}

function sigmoid(number) {
  return 1 / (1 + Math.exp(-number));
}

function studied() {
  const [warmth, added] = ["softmax-temperature", "softmax-added"].map((id) => Number(get(id).value));
  return [...study.scores].map((score) => Math.fround(score / warmth + added));
}

function setScore(label, score) {
  const warmth = Number(get("softmax-temperature").value);
  const added = Number(get("softmax-added").value);
  study.scores[label] = Math.min(SCORE_LIMIT, Math.max(-SCORE_LIMIT, (score - added) * warmth));
  study.isOwn = true;
  renderSoftmax();
}

// The scores of the picture, unless some were dragged; a new picture takes over.
function studyPicture(found) {
  study.scores = Array.from(found);
  study.isOwn = false;
  study.label = largestAt(found);
  renderSoftmax();
}

function makeBarCell(kind) {
  const bar = make("span", { className: "level" });
  const number = make("span", { className: "number" });
  return { cell: make("div", { className: `cell ${kind}` }, bar, number), bar, number };
}

// A score is a slider: dragged up and down, or moved by arrow keys.
function makeScoreCell(label) {
  const made = makeBarCell("score");
  const { cell } = made;
  cell.tabIndex = 0;
  cell.setAttribute("role", "slider");
  cell.setAttribute("aria-valuemin", -SCORE_LIMIT);
  cell.setAttribute("aria-valuemax", SCORE_LIMIT);
  const drag = (event) => {
    const box = cell.getBoundingClientRect();
    setScore(label, scaleOfScores() * (1 - 2 * (event.clientY - box.top) / box.height));
  };
  cell.addEventListener("pointerdown", (event) => {
    cell.setPointerCapture(event.pointerId);
    drag(event);
  });
  cell.addEventListener("pointermove", (event) => {
    if (cell.hasPointerCapture(event.pointerId)) drag(event);
  });
  cell.addEventListener("keydown", (event) => {
    const step = { ArrowUp: 0.5, ArrowRight: 0.5, ArrowDown: -0.5, ArrowLeft: -0.5 }[event.key];
    if (!step) return;
    event.preventDefault();
    setScore(label, studied()[label] + step);
  });
  return made;
}

function scaleOfScores() {
  return Math.max(10, largestSize(studied()));
}

function setUpSoftmax() {
  const names = data.classes.en.map(() => make("p", { className: "name" }));
  const kinds = { scores: makeScoreCell, powers: () => makeBarCell("power"),
    probabilities: () => makeBarCell("probability"), sigmoids: () => makeBarCell("sigmoid") };
  study.rows = Object.fromEntries(Object.entries(kinds).map(([kind, makeCell]) => {
    const cells = data.classes.en.map((_, label) => makeCell(label));
    get(`softmax-${kind}`).replaceChildren(...cells.map(({ cell }) => cell));
    return [kind, cells];
  }));
  get("softmax-names").replaceChildren(...names);
  study.names = names;
  for (const id of ["softmax-temperature", "softmax-added", "softmax-safe"]) {
    get(id).oninput = renderSoftmax;
  }
  get("softmax-label").onchange = (event) => {
    study.label = Number(event.target.value);
    renderSoftmax();
  };
  get("softmax-picture").onclick = renderPicture;
  get("softmax-white").onclick = () => takePixels(whitePicture());
}

// No garment at all.
function whitePicture() {
  return new Uint8Array(NUM_PIXELS).fill(255);
}

function formatSize(number) {
  if (!Number.isFinite(number)) return Number.isNaN(number) ? "nan" : "∞";
  const size = Math.abs(number);
  if (size >= 1e4 || (size < 1e-2 && size > 0)) return formatPower(number);
  return formatNumber(number, size < 10 ? 2 : 1);
}

function showLevels(cells, numbers, most, format) {
  cells.forEach(({ bar, number }, label) => {
    const part = Number.isFinite(numbers[label]) ? Math.max(0, numbers[label]) / most : 1;
    bar.style.height = `${100 * (most ? Math.min(1, part) : 0)}%`;
    bar.classList.toggle("beyond", !Number.isFinite(numbers[label]));
    write(number, format(numbers[label]));
  });
}

function showScores(numbers) {
  const most = scaleOfScores();
  study.rows.scores.forEach(({ cell, bar, number }, label) => {
    const part = 50 * Math.abs(numbers[label]) / most;
    bar.style.height = `${part}%`;
    bar.style.bottom = `${numbers[label] < 0 ? 50 - part : 50}%`;
    bar.classList.toggle("below", numbers[label] < 0);
    write(number, formatNumber(numbers[label], 1));
    cell.setAttribute("aria-valuenow", numbers[label].toFixed(1));
    cell.setAttribute("aria-label", say("softmax_score", { class: className(label) }));
  });
}

function renderSoftmax() {
  if (!study.scores) return;
  const numbers = studied();
  const { powers, total, probabilities } = softmaxByParts(numbers, get("softmax-safe").checked);
  const sigmoids = numbers.map(sigmoid);
  showScores(numbers);
  showLevels(study.rows.powers, powers, Math.max(...powers.filter(Number.isFinite), 0), formatSize);
  showLevels(study.rows.probabilities, probabilities, 1, (p) => formatShare(p));
  showLevels(study.rows.sigmoids, sigmoids, 1, (p) => formatShare(p));
  for (const cells of Object.values(study.rows)) {
    cells.forEach(({ cell }, label) => cell.classList.toggle("chosen", label === study.label));
  }
  get("softmax-label").value = study.label;
  renderSoftmaxTexts(numbers, total, probabilities, sigmoids);
}

function renderSoftmaxNames() {
  study.names.forEach((name, label) => write(name, className(label)));
  fillSelect(get("softmax-label"), data.classes.en.map((_, label) => [label, className(label)]));
}

function renderSoftmaxTexts(numbers, total, probabilities, sigmoids) {
  const p = probabilities[study.label];
  write(get("softmax-temperature-value"), formatNumber(Number(get("softmax-temperature").value), 1));
  write(get("softmax-added-value"), formatNumber(Number(get("softmax-added").value)));
  write(get("softmax-source"), say(study.isOwn ? "softmax_own" : "softmax_from_picture",
    { version: versionName(models[0].name) }));
  write(get("softmax-total"), say("softmax_total", { total: formatSize(total) }));
  write(get("softmax-loss"), say("softmax_loss", { class: className(study.label),
    p: formatSize(p), loss: formatSize(-Math.log(p)) }));
  write(get("softmax-sigmoid-total"), say("softmax_sigmoid_total", {
    total: formatNumber(sum(sigmoids), 2) }));
  write(get("softmax-limit"), say(probabilities.some(Number.isNaN) ? "softmax_nan" : "softmax_limit", {
    score: formatNumber(Math.max(...numbers), 1), most: formatPower(FLOAT32_MOST),
    limit: formatNumber(Math.log(FLOAT32_MOST), 2) }));
  const none = classify(models[0], whitePicture());
  write(get("softmax-none"), say("softmax_none", { class: className(largestAt(none)),
    share: formatShare(Math.max(...none)) }));
}
