// Deeper networks in the page, and softmax regression from epoch to epoch, on one picture.

const networks = data.networks.map(readNetwork);
const softmaxStates = data.epochs.map((text) => readHalves(decodeBytes(text)));
const columns = [];
let isNetworkFrameDue = false;

function readHalves(bytes) {
  const view = new DataView(bytes.buffer);
  return Float64Array.from({ length: bytes.length / 2 }, (_, i) => readHalf(view.getUint16(2 * i, true)));
}

// A 16-bit number: a sign, five bits of exponent, ten of fraction.
function readHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  return exponent
    ? sign * 2 ** (exponent - 15) * (1 + fraction / 1024)
    : sign * 2 ** -14 * (fraction / 1024);
}

function readNetwork(entry) {
  const layers = entry.layers.map(({ shape, weight, scales, bias }) => {
    const rounded = new Int8Array(inflate(decodeBytes(weight.text), weight.size).buffer);
    const inputs = rounded.length / shape[0];
    const factors = decodeFloats(scales);
    const W = Float64Array.from(rounded, (number, i) => number * factors[Math.floor(i / inputs)]);
    return { shape, W, b: decodeFloats(bias) };
  });
  return { ...entry, layers, scaled: scaleBytes(entry.mean, entry.deviation) };
}

function runDense({ W, b }, X) {
  return Float64Array.from(b, (bias, row) => {
    let score = bias;
    for (let i = 0, w = row * X.length; i < X.length; i++, w++) score += W[w] * X[i];
    return score;
  });
}

// A convolution of 5 x 5 without a border, the largest of each 2 x 2, and what is above 0.
function runConvolution({ shape: [outputs, inputs, rows, across], W, b }, X, side) {
  const [wide, half] = [side - rows + 1, (side - rows + 1) / 2];
  const result = new Float64Array(outputs * half * half);
  for (let o = 0; o < outputs; o++) {
    for (let y = 0; y < wide; y++) {
      for (let x = 0; x < wide; x++) {
        let score = b[o];
        for (let c = 0; c < inputs; c++) {
          for (let i = 0; i < rows; i++) {
            const w = ((o * inputs + c) * rows + i) * across;
            const p = (c * side + y + i) * side + x;
            for (let j = 0; j < across; j++) score += W[w + j] * X[p + j];
          }
        }
        const place = (o * half + (y >> 1)) * half + (x >> 1);
        if (score > result[place]) result[place] = score;
      }
    }
  }
  return result;
}

function runNetwork({ layers, scaled }, bytes) {
  let X = Float64Array.from(bytes, (byte) => scaled[byte]);
  let side = SIDE;
  layers.forEach((layer, number) => {
    if (layer.shape.length === 4) {
      X = runConvolution(layer, X, side);
      side = (side - layer.shape[2] + 1) / 2;
    } else {
      const scored = runDense(layer, X);
      X = number < layers.length - 1 ? scored.map((score) => Math.max(0, score)) : scored;
    }
  });
  return softmax(X);
}

function runEpoch(epoch, bytes) {
  const numClasses = data.classes.en.length;
  const state = softmaxStates[epoch];
  const size = state.length - numClasses;
  return classify({ W: state.subarray(0, size), b: state.subarray(size), scaled: models[0].scaled },
    bytes);
}

function makeColumn() {
  const made = { title: make("h3"), note: make("p", { className: "hint" }),
    verdict: make("p", { className: "verdict-line" }), rows: [] };
  made.rows = data.classes.en.map(() => {
    const [name, bar, share] = ["name", "bar version-1", "share"].map((className) =>
      make("span", { className }));
    return { row: make("div", { className: "mini" }, name, make("span", { className: "track" }, bar), share),
      name, bar, share };
  });
  made.column = make("div", {}, made.title, made.note, made.verdict,
    ...made.rows.map(({ row }) => row));
  return made;
}

function setUpNetworks() {
  columns.push(...[null, ...networks].map(makeColumn));
  get("networks").replaceChildren(...columns.map(({ column }) => column));
  const slider = get("networks-epoch");
  slider.max = softmaxStates.length - 1;
  slider.value = slider.max;
  slider.oninput = renderNetworks;
}

function showColumn({ title, note, verdict, rows: mini }, texts, probabilities) {
  const best = largestAt(probabilities);
  write(title, texts.title);
  write(note, texts.note);
  write(verdict, `${className(best)} ${formatShare(probabilities[best])}`);
  mini.forEach(({ row, name, bar, share }, label) => {
    write(name, className(label));
    bar.style.clipPath = `inset(0 ${100 * (1 - probabilities[label])}% 0 0)`;
    write(share, formatShare(probabilities[label]));
    row.classList.toggle("best", label === best);
  });
}

// Not with each stroke but with each frame: they have a hundred times the work.
function renderNetworksSoon() {
  if (isNetworkFrameDue) return;
  isNetworkFrameDue = true;
  requestAnimationFrame(() => {
    isNetworkFrameDue = false;
    renderNetworks();
  });
}

function renderNetworks() {
  const epoch = Number(get("networks-epoch").value);
  write(get("networks-epoch-value"), formatNumber(epoch));
  write(get("networks-none"), networks.length ? "" : say("networks_none"));
  showColumn(columns[0], {
    title: say("network_softmax"),
    note: say(epoch ? "networks_after" : "networks_untrained", { epoch: formatNumber(epoch) }),
  }, runEpoch(epoch, picture.pixels));
  networks.forEach((network, i) => showColumn(columns[i + 1], {
    title: say(`network_${network.name}`),
    note: say("networks_note", { share: formatShare(network.accuracy),
      same: formatShare(network.same, 2), difference: formatPower(network.difference) }),
  }, runNetwork(network, picture.pixels)));
}
