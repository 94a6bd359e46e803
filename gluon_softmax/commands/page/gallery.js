// The embedded test images: filtered, the most confident mistakes first.

const AT_ONCE = 60;
const ALL = -1;

let filter = { label: ALL, predicted: ALL, result: "all" };
let numShown = AT_ONCE;
const verdicts = new Map();

function pixelsOf(index) {
  return images.pixels.subarray(index * NUM_PIXELS, (index + 1) * NUM_PIXELS);
}

// What a model makes of every embedded image; computed when it is first asked for.
function verdictsOf(version) {
  if (!verdicts.has(version)) {
    verdicts.set(version, images.labels.map((label, index) => {
      const probabilities = classify(models[version], pixelsOf(index));
      const predicted = largestAt(probabilities);
      const share = probabilities[predicted];
      return { index, label, predicted, share, isRight: label === predicted };
    }));
  }
  return verdicts.get(version);
}

// Confident mistakes, doubtful mistakes, doubtful hits, confident hits.
function rank(verdict) {
  return verdict.isRight ? verdict.share : -verdict.share;
}

function fits(label, predicted) {
  return (filter.label === ALL || filter.label === label)
    && (filter.predicted === ALL || filter.predicted === predicted)
    && (filter.result === "all" || (filter.result === "right") === (label === predicted));
}

function listImages() {
  return verdictsOf(shownVersion)
    .filter((verdict) => fits(verdict.label, verdict.predicted))
    .sort((one, other) => rank(one) - rank(other));
}

function countAll() {
  const { confusion } = models[shownVersion];
  return sum(confusion.map((row, label) => sum(row.filter((_, p) => fits(label, p)))));
}

function setUpGallery() {
  get("filter-true").onchange = (event) => {
    setFilter({ label: Number(event.target.value) });
  };
  get("filter-predicted").onchange = (event) => {
    setFilter({ predicted: Number(event.target.value) });
  };
  get("unfilter").onclick = () => setFilter({ label: ALL, predicted: ALL, result: "all" });
  get("more").onclick = showMore;
  const items = () => [...get("images").children];
  moveByArrows(get("images"), items, () => columnsOf(items()));
}

function setFilter(change, goThere = false) {
  filter = { ...filter, ...change };
  numShown = AT_ONCE;
  renderGallery();
  renderMatrix();
  if (goThere) scrollTo(get("gallery"));
}

function showMore() {
  const before = numShown;
  numShown += AT_ONCE;
  renderGallery();
  get("images").children[before].focus();
}

function makeItem({ index, label, predicted, share, isRight }) {
  const place = formatNumber(images.places[index]);
  const mark = isRight ? `✓ ${say("right")}` : `✗ ${className(predicted)}`;
  const look = isRight ? "is-right" : "is-wrong";
  const item = make("button", { type: "button", tabIndex: -1, className: look },
    makePicture(),
    make("span", { className: "unseen", textContent: say("image_place", { place }) }),
    make("span", { className: "name", textContent: className(label) }),
    make("span", { className: "mark", textContent: mark }),
    make("span", { className: "mark", textContent: formatShare(share, 0) }));
  item.onclick = () => { takeImage(index); scrollTo(get("draw")); };
  paint(item.firstChild, pixelsOf(index), GREYS);
  return item;
}

function renderFilters() {
  const classes = data.classes.en.map((_, label) => [label, className(label)]);
  for (const id of ["filter-true", "filter-predicted"]) {
    fillSelect(get(id), [[ALL, say("all")], ...classes]);
  }
  get("filter-true").value = filter.label;
  get("filter-predicted").value = filter.predicted;
  fillSegments(get("filter-result"), "result",
    ["all", "right", "wrong"].map((result) => [result, say(result)]),
    filter.result, (result) => setFilter({ result }));
}

function renderGallery() {
  const found = listImages();
  const held = document.activeElement.name === "result";
  renderFilters();
  if (held) get("filter-result").querySelector(":checked").focus();
  get("gallery-lead").textContent = say("gallery_lead", {
    embedded: formatNumber(images.labels.length),
    total: formatNumber(data.numTest),
    first: formatNumber(data.first),
    cell: data.perCell,
  });
  get("count").textContent = say(found.length ? "count" : "count_none", {
    found: formatNumber(found.length),
    embedded: formatNumber(images.labels.length),
    total: formatNumber(countAll()),
  });
  get("images").replaceChildren(...found.slice(0, numShown).map(makeItem));
  if (found.length) get("images").firstChild.tabIndex = 0;
  const left = Math.min(AT_ONCE, found.length - numShown);
  get("more").hidden = left <= 0;
  get("more").textContent = say("more", { count: left });
}
