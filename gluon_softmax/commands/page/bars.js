// What the models make of the picture: bars, and where each pixel pushes. They agree, so it
// is drawn once, for the first of them; how far they differ is said below.

let rows = [];
let pushClass = null;

function setUpBars() {
  rows = data.classes.en.map((_, label) => {
    const bar = make("span", { className: "bar version-0" });
    const share = make("span", { className: "shares" });
    const name = make("span", { className: "name" });
    const row = make("div", { className: "row" }, name,
      make("span", { className: "track" }, bar), share);
    row.onclick = () => choosePush(label);
    return { row, name, bar, share };
  });
  get("bars").replaceChildren(...rows.map(({ row }) => row));
  get("push-class").onchange = (event) => {
    choosePush(event.target.value === "" ? null : Number(event.target.value));
  };
  get("push-map").replaceChildren(makePicture({ role: "img" }), make("figcaption"));
}

function choosePush(label) {
  pushClass = label;
  renderPicture();
}

function renderBars(found) {
  const [probabilities] = found;
  const best = largestAt(probabilities);
  rows.forEach(({ row, bar, share }, label) => {
    bar.style.clipPath = `inset(0 ${100 * (1 - probabilities[label])}% 0 0)`;
    write(share, formatShare(probabilities[label]));
    row.classList.toggle("best", label === best);
  });
  write(get("verdict"), `${className(best)} ${formatShare(probabilities[best])}`);
  const differences = found.map((other) =>
    largestSize(other.map((share, label) => share - probabilities[label])));
  write(get("agreement"), say("agreement", {
    count: models.length, difference: formatPower(Math.max(...differences)) }));
}

function renderPush(X, found) {
  const predicted = largestAt(found);
  const label = pushClass === null ? predicted : pushClass;
  const map = push(models[0], X, label);
  const limit = largestSize(map);
  rows.forEach(({ row }, i) => row.classList.toggle("pushed", i === label));
  const [canvas, caption] = get("push-map").children;
  paint(canvas, map, diverging(limit));
  canvas.setAttribute("aria-label", say("push_map", { class: className(label) }));
  const bias = models[0].b[label];
  write(caption, say("push_sum", { pixels: formatNumber(sum(map), 2),
    bias: formatNumber(bias, 2), score: formatNumber(sum(map) + bias, 2) }));
  write(get("push-class").firstChild, say("push_predicted", { class: className(predicted) }));
  get("push-class").value = pushClass === null ? "" : pushClass;
  showLegend(get("push-legend"), formatNumber(-limit, 2), formatNumber(limit, 2));
}

function renderBarNames() {
  rows.forEach(({ name }, label) => { name.textContent = className(label); });
  fillSelect(get("push-class"), [["", ""],
    ...data.classes.en.map((_, label) => [label, className(label)])]);
}
