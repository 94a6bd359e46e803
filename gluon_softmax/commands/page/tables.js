// The numbers of the training, and the results at the top.

const COLUMNS = [
  ["loss", (epoch) => formatNumber(epoch.loss, 4)],
  ["train_acc", (epoch) => formatShare(epoch.train_acc)],
  ["test_acc", (epoch) => formatShare(epoch.test_acc)],
  ["seconds", (epoch) => formatNumber(epoch.seconds, 2)],
];

function makeTable(title, headings, rows, version) {
  const head = headings.map((text) => make("th", { scope: "col", textContent: text }));
  const body = rows.map(([first, ...others]) => make("tr", {},
    make("th", { scope: "row", textContent: first }),
    ...others.map((text) => make("td", { textContent: text }))));
  const caption = make("caption", {}, ...(version === null ? [] : [makeSwatch(version)]), title);
  return make("table", {}, caption,
    make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...body));
}

function makeSwatch(version) {
  return make("span", { className: `swatch version-${version}`, "aria-hidden": "true" });
}

function renderTables() {
  const headings = ["epoch", ...COLUMNS.map(([name]) => name)].map((name) => say(name));
  const tables = models.map((model, version) => makeTable(
    versionName(model.name), headings,
    model.epochs.map((epoch) => [
      formatNumber(epoch.epoch), ...COLUMNS.map(([, format]) => format(epoch))]),
    version));
  const differences = data.differences.map((difference, i) => [
    formatNumber(i + 1), formatPower(difference)]);
  get("tables").replaceChildren(...tables, makeTable(
    say("difference_title"), [say("epoch"), say("difference")], differences, null));
}

function shareRight(confusion) {
  const right = confusion.reduce((total, row, label) => total + row[label], 0);
  return right / data.numTest;
}

function renderSummary() {
  get("summary").textContent = say("summary", { count: models.length, data: data.title });
  get("results").replaceChildren(...models.map((model, version) => make("div", {},
    make("dt", {}, makeSwatch(version), versionName(model.name)),
    make("dd", {}, say("right_share", { share: formatShare(shareRight(model.confusion), 2) })))));
  write(get("results-of"), say("of_test", { count: formatNumber(data.numTest) }));
  get("training-lead").textContent = say("training_lead", { data: data.title, ...data.settings });
  get("stand-in").hidden = !data.standIn;
  get("stand-in").textContent = data.standIn ? say("stand_in") : "";
  get("made-by").textContent = say("made_by", { package: data.package });
}
