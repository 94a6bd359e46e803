// What two of the models make of the picture: bars, and where each pixel pushes.

const BESIDE = 2;
let rows = [];
let pushClass = null;

function setUpBars() {
  rows = data.classes.en.map((_, label) => {
    const bars = Array.from({ length: BESIDE }, (_, version) =>
      make("span", { className: `bar version-${version}` }));
    const shares = bars.map(() => make("span"));
    const name = make("span", { className: "name" });
    const row = make("div", { className: "row" }, name,
      make("span", { className: "track" }, ...bars),
      make("span", { className: "shares" }, ...shares));
    row.onclick = () => choosePush(label);
    return { row, name, bars, shares };
  });
  get("bars").replaceChildren(...rows.map(({ row }) => row));
  get("verdict").replaceChildren(...Array.from({ length: BESIDE }, (_, version) =>
    make("p", {}, makeSwatch(version), make("span", { className: "said" }), " ",
      make("strong", { className: "said" }), " ", make("span", { className: "said" }))));
  get("push-class").onchange = (event) => {
    choosePush(event.target.value === "" ? null : Number(event.target.value));
  };
  get("push-maps").replaceChildren(...Array.from({ length: BESIDE }, () =>
    make("figure", {}, makePicture({ role: "img" }),
      make("figcaption", {}, make("strong"), make("span")))));
}

function choosePush(label) {
  pushClass = label;
  renderPicture();
}

function renderBars(found) {
  const best = found.map(largestAt);
  rows.forEach(({ row, bars, shares }, label) => {
    found.forEach((probabilities, version) => {
      bars[version].style.clipPath = `inset(0 ${100 * (1 - probabilities[label])}% 0 0)`;
      write(shares[version], formatShare(probabilities[label]));
    });
    row.classList.toggle("best", best.includes(label));
  });
  found.forEach((probabilities, version) => {
    const [name, predicted, share] = get("verdict").children[version].querySelectorAll(".said");
    write(name, versionName(models[version].name));
    write(predicted, className(best[version]));
    write(share, formatShare(probabilities[best[version]]));
  });
  const differences = found[0].map((share, label) => share - found[1][label]);
  write(get("agreement"), say("agreement", {
    difference: formatPower(largestSize(differences)) }));
}

function renderPush(inputs, found) {
  const predicted = largestAt(found[0]);
  const label = pushClass === null ? predicted : pushClass;
  const maps = inputs.map((X, version) => push(models[version], X, label));
  const limit = Math.max(...maps.map(largestSize));
  const colourOf = diverging(limit);
  rows.forEach(({ row }, i) => row.classList.toggle("pushed", i === label));
  maps.forEach((map, version) => {
    const [picture, caption] = get("push-maps").children[version].children;
    const { name, b } = models[version];
    paint(picture, map, colourOf);
    picture.setAttribute("aria-label", say("push_map", {
      version: versionName(name), class: className(label) }));
    write(caption.firstChild, versionName(name));
    write(caption.lastChild, say("push_sum", {
      pixels: formatNumber(sum(map), 2),
      bias: formatNumber(b[label], 2),
      score: formatNumber(sum(map) + b[label], 2),
    }));
  });
  write(get("push-class").firstChild, say("push_predicted", { class: className(predicted) }));
  get("push-class").value = pushClass === null ? "" : pushClass;
  showLegend(get("push-legend"), formatNumber(-limit, 2), formatNumber(limit, 2));
}

function renderBarNames() {
  rows.forEach(({ name }, label) => { name.textContent = className(label); });
  fillSelect(get("push-class"), [["", ""],
    ...data.classes.en.map((_, label) => [label, className(label)])]);
}
