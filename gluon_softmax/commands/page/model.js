// Softmax regression: 64-bit arithmetic on the models' 32-bit weights.

const SIDE = 28;
const NUM_PIXELS = SIDE * SIDE;

function decodeBytes(text) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

// Images that were compressed column by column, row by row again.
function decodeImages({ text, size }) {
  const turned = inflate(decodeBytes(text), size);
  return turned.map((_, i) => {
    const place = i % NUM_PIXELS;
    return turned[i - place + (place % SIDE) * SIDE + Math.floor(place / SIDE)];
  });
}

function decodeFloats(text) {
  const view = new DataView(decodeBytes(text).buffer);
  const floats = new Float64Array(view.byteLength / 4);
  for (let i = 0; i < floats.length; i++) floats[i] = view.getFloat32(4 * i, true);
  return floats;
}

function readModel(entry) {
  const { name, epochs, confusion } = entry;
  const scaled = scaleBytes(entry.mean, entry.deviation);
  return { name, epochs, confusion, scaled, W: decodeFloats(entry.W), b: decodeFloats(entry.b) };
}

// What each byte was to the model in training, rounded to 32 bits as MXNet has them.
function scaleBytes(mean, deviation) {
  const round = Math.fround;
  return Float64Array.from({ length: 256 }, (_, byte) =>
    round(round(round(byte / 255) - round(mean)) / round(deviation)));
}

function scale(model, bytes) {
  const X = new Float64Array(bytes.length);
  for (let i = 0; i < X.length; i++) X[i] = model.scaled[bytes[i]];
  return X;
}

function scores(model, X) {
  const { W, b } = model;
  const result = Float64Array.from(b);
  for (let i = 0; i < X.length; i++) {
    if (X[i] === 0) continue;
    const row = i * b.length;
    for (let c = 0; c < b.length; c++) result[c] += X[i] * W[row + c];
  }
  return result;
}

// The largest score is subtracted first: no power can overflow then.
function softmax(numbers) {
  const largest = Math.max(...numbers);
  const powers = numbers.map((number) => Math.exp(number - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

function classify(model, bytes) {
  return softmax(scores(model, scale(model, bytes)));
}

// Where each pixel pushes a class: its part of the score, weight times pixel.
function push(model, X, label) {
  return X.map((x, i) => x * model.W[i * model.b.length + label]);
}

function largestAt(numbers) {
  let place = 0;
  for (let i = 1; i < numbers.length; i++) {
    if (numbers[i] > numbers[place]) place = i;
  }
  return place;
}

function largestSize(numbers) {
  return numbers.reduce((most, number) => Math.max(most, Math.abs(number)), 0);
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}
