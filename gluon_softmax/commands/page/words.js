// Two languages: texts by key, names of classes and versions, numbers.

const data = JSON.parse(document.getElementById("data").textContent);
const TEXTS = JSON.parse(document.getElementById("texts").textContent);
const LOCALES = { en: "en", zh: "zh-Hans" };

let language = navigator.language.startsWith("zh") ? "zh" : "en";

function say(key, values = {}) {
  return TEXTS[language][key].replace(/\{(\w+)\}/g, (whole, name) => values[name]);
}

function className(label) {
  return data.classes[language][label];
}

function versionName(name) {
  return TEXTS[language].versions[name] || name;
}

const formats = new Map();

// A format is slow to make, so each is made once.
function formatNumber(number, digits = 0) {
  const key = `${language} ${digits}`;
  if (!formats.has(key)) {
    const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    formats.set(key, new Intl.NumberFormat(LOCALES[language], options));
  }
  return formats.get(key).format(number).replace("-", "−");
}

// What is less than all is never shown as 100%.
function formatShare(share, digits = 1) {
  const most = share < 1 ? 100 - 10 ** -digits : 100;
  return Number.isNaN(share) ? "nan" : `${formatNumber(Math.min(100 * share, most), digits)}%`;
}

// 7.0e-6 as 7.0 × 10⁻⁶
function formatPower(number) {
  if (number === 0) return "0";
  const [digits, exponent] = number.toExponential(1).split("e");
  const raised = [...String(Number(exponent))].map((sign) =>
    sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[sign]);
  return `${digits}\u00a0×\u00a010${raised.join("")}`;
}

function translatePage() {
  document.documentElement.lang = LOCALES[language];
  document.title = say("page_title", { data: data.title });
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = say(element.dataset.text);
  }
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", say(element.dataset.label));
  }
}
