// Loss and accuracy by epoch, as SVG.

const DASHES = ["none", "14 8", "none"];
const WIDTHS = [8, 4.5, 1.75];
const ROOM = { left: 3.6, right: 0.8, top: 0.6, bottom: 3.2 };

function draw(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Round steps between two numbers, about so many.
function chooseTicks(least, most, about) {
  const rough = (most - least) / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
  const ticks = [];
  for (let n = Math.ceil(least / step); n * step <= most; n++) ticks.push(n * step);
  return { ticks, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

// From epochs and values to places in the picture; sizes are in letters' heights.
function layOut(container, values, last, first = 1) {
  const em = parseFloat(getComputedStyle(container).fontSize);
  const width = container.clientWidth;
  const height = Math.max(15 * em, Math.min(22 * em, width * 0.62));
  const margin = (Math.max(...values) - Math.min(...values)) * 0.06 || 0.01;
  const [least, most] = [Math.min(...values) - margin, Math.max(...values) + margin];
  const [left, right] = [ROOM.left * em, width - ROOM.right * em];
  const [top, bottom] = [ROOM.top * em, height - ROOM.bottom * em];
  const part = (epoch) => (last > first ? (epoch - first) / (last - first) : 0.5);
  const x = (epoch) => left + (right - left) * part(epoch);
  const y = (value) => bottom - ((bottom - top) * (value - least)) / (most - least);
  return { em, width, height, least, most, left, right, top, bottom, x, y };
}

function drawAxes(place, numEpochs, text) {
  const { em, left, right, top, bottom, x, y } = place;
  const svg = draw("g", { class: "axes" });
  const { ticks, digits } = chooseTicks(place.least, place.most, 6);
  for (const tick of ticks) {
    svg.append(
      draw("line", { x1: left, x2: right, y1: y(tick), y2: y(tick) }),
      draw("text", { x: left - 0.5 * em, y: y(tick) + 0.35 * em, "text-anchor": "end" },
        formatNumber(tick, digits)));
  }
  const every = Math.ceil(numEpochs / 10);
  for (let epoch = every; epoch <= numEpochs; epoch += every) {
    svg.append(draw("text", { x: x(epoch), y: bottom + 1.4 * em, "text-anchor": "middle" },
      formatNumber(epoch)));
  }
  const transform = `translate(${0.9 * em} ${(top + bottom) / 2}) rotate(-90)`;
  svg.append(
    draw("line", { x1: left, x2: right, y1: bottom, y2: bottom, class: "ground" }),
    draw("text", { x: (left + right) / 2, y: bottom + 2.8 * em, "text-anchor": "middle" },
      say("axis_epoch")),
    draw("text", { "text-anchor": "middle", transform }, text));
  return svg;
}

function drawLine(place, epochs, read, version, marked) {
  const points = epochs.map((epoch) => [place.x(epoch.epoch), place.y(read(epoch))]);
  const group = draw("g", { class: `line version-${version}` });
  group.append(draw("polyline", {
    points: points.map((point) => point.join(",")).join(" "),
    "stroke-width": WIDTHS[version], "stroke-dasharray": DASHES[version],
  }));
  for (const [cx, cy] of marked || points.length === 1 ? points : []) {
    group.append(draw("circle", { cx, cy, r: 2.5 + WIDTHS[version] / 2 }));
  }
  return group;
}

function renderChart(container, columns, factor, text) {
  const numEpochs = models[0].epochs.length;
  const read = (column) => (epoch) => factor * epoch[column];
  const values = models.flatMap((model) => columns.flatMap((c) => model.epochs.map(read(c))));
  const place = layOut(container, values, numEpochs);
  const { width, height } = place;
  const svg = draw("svg", { width, height, role: "img", "aria-label": text });
  svg.append(drawAxes(place, numEpochs, text));
  models.forEach((model, version) => {
    for (const column of columns) {
      svg.append(drawLine(place, model.epochs, read(column), version, column === "test_acc"));
    }
  });
  container.replaceChildren(svg);
}

function drawKey(version) {
  const style = { "stroke-width": WIDTHS[version], "stroke-dasharray": DASHES[version] };
  return draw("svg",
    { width: 48, height: 12, "aria-hidden": "true", class: `line version-${version}` },
    draw("line", { x1: 0, x2: 48, y1: 6, y2: 6, ...style }));
}

function renderCurves() {
  get("loss-title").textContent = say("loss_title", { data: data.title });
  get("accuracy-title").textContent = say("accuracy_title", { data: data.title });
  renderChart(get("loss-chart"), ["loss"], 1, say("axis_loss"));
  renderChart(get("accuracy-chart"), ["train_acc", "test_acc"], 100, say("axis_accuracy"));
  get("curve-keys").replaceChildren(
    ...models.map((model, version) =>
      make("span", { className: "key" }, drawKey(version), versionName(model.name))),
    make("span", { className: "key" }, say("curve_train")),
    make("span", { className: "key" }, say("curve_test")));
}
