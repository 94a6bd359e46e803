// The page as a whole: its switches, its start, and what it measures of itself.

const models = data.versions.map(readModel);
const images = { ...data.images, pixels: decodeImages(data.images.pixels) };
const timings = { opened: null, classified: null, recent: [] };
let shownVersion = 0;

function scrollTo(element) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  element.scrollIntoView({ behavior: calm ? "auto" : "smooth" });
}

function setVersion(version) {
  shownVersion = version;
  renderTemplates();
  renderGallery();
  renderMatrix();
}

function renderSwitches() {
  const other = language === "en" ? "zh" : "en";
  get("language").textContent = say("other_language");
  get("language").lang = LOCALES[other];
  const isDark = document.documentElement.dataset.theme === "dark";
  get("theme").textContent = say(isDark ? "light" : "dark");
  fillSegments(get("model"), "model",
    models.map((model, version) => [version, versionName(model.name)]), shownVersion, setVersion);
}

function renderAll() {
  translatePage();
  renderSwitches();
  renderSummary();
  renderBarNames();
  renderStarters();
  renderSoftmaxNames();
  renderPicture();
  showPen();
  renderTemplates();
  renderGallery();
  renderMatrix();
  renderCurves();
  renderTables();
  renderPractice();
  showTimings();
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  renderAll();
}

function setUpSwitches() {
  let isChosen = false;
  get("language").onclick = () => {
    language = language === "en" ? "zh" : "en";
    renderAll();
  };
  get("theme").onclick = () => {
    isChosen = true;
    setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) => {
    if (!isChosen) setTheme(event.matches ? "dark" : "light");
  });
  let width = get("loss-chart").clientWidth;
  new ResizeObserver(() => {
    if (get("loss-chart").clientWidth === width) return;
    width = get("loss-chart").clientWidth;
    renderCurves();
    renderPractice();
  }).observe(get("loss-chart"));
}

function showTimings() {
  if (timings.opened === null) return;
  const show = (time) => formatNumber(time, time < 10 ? 1 : 0);
  get("timings").textContent = timings.classified === null
    ? say("timings_first", { opened: show(timings.opened) })
    : say("timings", { opened: show(timings.opened), classified: show(timings.classified) });
}

// Opened means painted: the first frame has begun, and what comes behind it is free.
function measureOpening() {
  requestAnimationFrame(() => setTimeout(() => {
    timings.opened = performance.now();
    showTimings();
    setUpPractice();
  }));
}

function start() {
  setUpMatrix();
  setUpGallery();
  setUpBars();
  setUpSoftmax();
  setUpNetworks();
  setUpPointer();
  setUpKeys();
  setUpTools();
  picture.pixels.set(pixelsOf(0));
  picture.index = 0;
  renderAll();
  setUpSwitches();
  measureOpening();
}

start();

window.page = {
  timings,
  places: images.places,
  probabilities: (version, index) => [...classify(models[version], pixelsOf(index))],
  listed: () => listImages().map((verdict) => images.places[verdict.index]),
  networks: (index) => networks.map((network) => [...runNetwork(network, pixelsOf(index))]),
  picture: () => [...picture.pixels],
  softmax: () => ({ scores: studied(), ...softmaxByParts(studied(), get("softmax-safe").checked) }),
  practice: () => {
    const { state, redraws, isWaiting, missing } = practice;
    return { ...state, params: state && [...state.W, ...state.b], redraws, isWaiting, missing };
  },
};
