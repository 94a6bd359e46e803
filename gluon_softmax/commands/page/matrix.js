// The confusion matrix: a cell says what it counts, and filters the gallery.

let cells = [];

function setUpMatrix() {
  const numClasses = data.classes.en.length;
  const head = make("tr", {}, make("td"));
  const body = make("tbody");
  cells = [];
  for (let label = 0; label < numClasses; label++) {
    head.append(make("th", { scope: "col", role: "columnheader" }, make("span")));
    const row = make("tr", {}, make("th", { scope: "row" }));
    for (let predicted = 0; predicted < numClasses; predicted++) {
      row.append(setUpCell(label, predicted));
    }
    body.append(row);
  }
  get("matrix").replaceChildren(make("thead", {}, head), body);
  cells[0].tabIndex = 0;
  moveByArrows(get("matrix"), () => cells, () => numClasses);
  get("matrix").addEventListener("mouseleave", () => tellCell(null));
}

function setUpCell(label, predicted) {
  const cell = make("td", { role: "gridcell", tabIndex: -1 });
  const choose = () => setFilter({ label, predicted, result: "all" }, true);
  cell.addEventListener("mouseenter", () => tellCell(cell));
  cell.addEventListener("focus", () => tellCell(cell));
  cell.addEventListener("click", choose);
  cell.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    choose();
  });
  cells.push(cell);
  return cell;
}

function describeCell(label, predicted) {
  const row = models[shownVersion].confusion[label];
  const total = sum(row);
  return say(label === predicted ? "cell_right" : "cell", {
    true: className(label),
    predicted: className(predicted),
    count: formatNumber(row[predicted]),
    total: formatNumber(total),
    share: formatShare(total ? row[predicted] / total : 0),
  });
}

function tellCell(cell) {
  get("cell").textContent = cell ? cell.getAttribute("aria-label") : say("cell_none");
}

// The root lets small shares be seen; right ones and mistakes have colours of their own.
function colourCell(share, isRight, mostWrong) {
  const part = isRight ? share : mostWrong && Math.sqrt(share / mostWrong);
  return mix(colour("empty"), colour(isRight ? "right" : "wrong"), part);
}

function renderMatrix() {
  const { confusion } = models[shownVersion];
  const shares = confusion.map((row) => row.map((count) => count / (sum(row) || 1)));
  const wrong = shares.map((row, label) => row.filter((_, p) => p !== label));
  const mostWrong = Math.max(...wrong.flat());
  const size = confusion.length;
  cells.forEach((cell, i) => {
    const [label, predicted] = [Math.floor(i / size), i % size];
    const shade = colourCell(shares[label][predicted], label === predicted, mostWrong);
    cell.textContent = confusion[label][predicted] || "";
    cell.style.backgroundColor = `rgb(${shade.join(",")})`;
    cell.style.color = inkOn(shade);
    cell.setAttribute("aria-label", describeCell(label, predicted));
    cell.setAttribute("aria-selected", filter.label === label && filter.predicted === predicted);
  });
  for (const heads of ["thead span", "tbody th"]) {
    get("matrix").querySelectorAll(heads).forEach((head, i) => write(head, className(i)));
  }
  get("confusion-lead").textContent = say("confusion_lead", { count: formatNumber(data.numTest) });
  tellCell(null);
  showMatrixLegend(mostWrong);
}

function showMatrixLegend(mostWrong) {
  const entry = (name, most) => make("span", { className: "key" },
    make("span", { className: `ramp ${name}` }),
    `${say(`legend_${name}`)}: ${say("legend_share", { from: "0%", to: most })}`);
  get("matrix-legend").replaceChildren(
    entry("right", "100%"), entry("wrong", formatShare(mostWrong)));
}
