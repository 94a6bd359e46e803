// Training itself, as in sections 3.6.5 to 3.6.7. It runs in a worker, or in the page where
// there is none, so it knows nothing of the page: `port` brings commands and takes answers.
// Parameters, momentum and pixels are 32-bit as MXNet's, sums over pixels and samples 64-bit.

function runLearner(port) {
  let train, held, numClasses, settings, order, W, b, velocity, epoch, at, batch, wrong;

  function readImages({ pixels, labels }) {
    return { X: Float32Array.from(pixels, (byte) => byte / 255), labels, n: labels.length,
      numPixels: pixels.length / labels.length };
  }

  // The scores of a sample as probabilities; the largest score is subtracted first.
  function predict({ X, numPixels }, sample, y) {
    y.set(b);
    const from = sample * numPixels;
    for (let i = 0; i < numPixels; i++) {
      const x = X[from + i];
      if (x === 0) continue;
      for (let c = 0, w = i * numClasses; c < numClasses; c++) y[c] += x * W[w + c];
    }
    let most = y[0], total = 0;
    for (let c = 1; c < numClasses; c++) if (y[c] > most) most = y[c];
    for (let c = 0; c < numClasses; c++) total += y[c] = Math.exp(y[c] - most);
    for (let c = 0; c < numClasses; c++) y[c] /= total;
  }

  function isRight(y, label) {
    for (let c = 0; c < numClasses; c++) if (y[c] > y[label]) return false;
    return true;
  }

  // Mean loss in nats, and the share that is right, of the first n samples.
  function evaluate(set, n) {
    const y = new Float64Array(numClasses);
    let loss = 0, right = 0;
    for (let sample = 0; sample < n; sample++) {
      predict(set, sample, y);
      loss -= Math.log(Math.max(y[set.labels[sample]], 1e-300));
      right += isRight(y, set.labels[sample]);
    }
    return { loss: loss / n, acc: right / n };
  }

  // A generator of 32 bits (mulberry32), a function of two seeds.
  function makeRandom(seed, part) {
    let state = (seed * 0x9e3779b1 + part * 0x85ebca6b + 1) | 0;
    return () => {
      state = (state + 0x6d2b79f5) | 0;
      let z = Math.imul(state ^ (state >>> 15), 1 | state);
      z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z;
      return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
    };
  }

  function drawNormal(random, deviation) {
    return deviation * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  }

  function shuffle(n) {
    const random = makeRandom(settings.seed, epoch + 1);
    const places = Uint16Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [places[i], places[j]] = [places[j], places[i]];
    }
    return places;
  }

  function start(given) {
    settings = given;
    const size = train.numPixels * numClasses;
    const random = makeRandom(settings.seed, 0);
    W = settings.W ? Float32Array.from(settings.W) : Float32Array.from({ length: size },
      () => (settings.start === "zeros" ? 0 : drawNormal(random, 0.01)));
    b = new Float32Array(numClasses);
    velocity = [new Float32Array(size), new Float32Array(numClasses)];
    [epoch, at, batch, wrong] = [0, 0, [], []];
    beginEpoch();
  }

  function beginEpoch() {
    const given = settings.orders && settings.orders[epoch];
    order = given || shuffle(settings.count);
  }

  function computeGradients() {
    const gradients = [new Float64Array(W.length), new Float64Array(numClasses)];
    const y = new Float64Array(numClasses);
    wrong = [];
    for (const sample of batch) {
      predict(train, sample, y);
      wrong.push(!isRight(y, train.labels[sample]));
      y[train.labels[sample]] -= 1; // the loss's gradient by the scores
      const from = sample * train.numPixels;
      for (let i = 0; i < train.numPixels; i++) {
        const x = train.X[from + i];
        if (x === 0) continue;
        for (let c = 0, w = i * numClasses; c < numClasses; c++) gradients[0][w + c] += x * y[c];
      }
      for (let c = 0; c < numClasses; c++) gradients[1][c] += y[c];
    }
    return gradients;
  }

  // The book's sgd: the sum of gradients over the batch size, of the last, smaller batch too.
  function step() {
    batch = Array.from(order.slice(at, at + settings.batchSize));
    const gradients = computeGradients();
    const rate = settings.lr / settings.batchSize;
    [W, b].forEach((param, k) => {
      for (let i = 0; i < param.length; i++) {
        velocity[k][i] = settings.momentum * velocity[k][i] - rate * gradients[k][i];
        param[i] += velocity[k][i];
      }
    });
    at += batch.length;
    if (at < settings.count) return;
    [epoch, at] = [epoch + 1, 0];
    beginEpoch();
  }

  function finishEpoch() {
    const before = epoch;
    do step(); while (epoch === before);
  }

  function report(began) {
    return { W, b, epoch, batch, wrong, seen: at / settings.count,
      train: evaluate(train, settings.count),
      held: evaluate(held, held.n), milliseconds: performance.now() - began };
  }

  const commands = {
    load: (given) => {
      [train, held, numClasses] = [readImages(given.train), readImages(given.held), given.numClasses];
    },
    start, step, epoch: finishEpoch,
  };

  port.onmessage = ({ data: [name, given] }) => {
    const began = performance.now();
    commands[name](given);
    if (name !== "load") port.postMessage(report(began));
  };
}
