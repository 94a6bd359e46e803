// The weights of each class as an image.

function weightsOf(model, label) {
  const numClasses = model.b.length;
  return Array.from({ length: NUM_PIXELS }, (_, i) => model.W[i * numClasses + label]);
}

function renderTemplates() {
  const model = models[shownVersion];
  const limit = largestSize(model.W);
  const colourOf = diverging(limit);
  get("template-images").replaceChildren(...data.classes.en.map((_, label) => {
    const weights = weightsOf(model, label);
    const picture = makePicture({ role: "img" });
    picture.setAttribute("aria-label", say("template_label", {
      class: className(label),
      least: formatNumber(Math.min(...weights), 2),
      most: formatNumber(Math.max(...weights), 2),
    }));
    paint(picture, weights, colourOf);
    return make("figure", {}, picture, make("figcaption", { textContent: className(label) }));
  }));
  showLegend(get("template-legend"),
    formatNumber(-limit, 2), formatNumber(limit, 2), say("weight_unit"));
}
