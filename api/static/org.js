// Fields of people and units offer names as one types; the server decides who is meant.
"use strict";

document.querySelectorAll("input[data-suggest]").forEach((field) => {
  const offered = document.getElementById(field.getAttribute("list"));
  let latest = 0;
  let pause;
  const offer = async () => {
    const asked = ++latest;
    const query = new URLSearchParams({ what: field.dataset.suggest, q: field.value });
    const answer = await fetch(`/people/suggestions?${query}`, { headers: { accept: "application/json" } });
    if (!answer.ok || asked !== latest) return;
    const options = (await answer.json()).map((name) => {
      const option = document.createElement("option");
      option.value = name;
      return option;
    });
    offered.replaceChildren(...options);
  };
  field.addEventListener("input", () => {
    clearTimeout(pause);
    if (field.value.trim()) pause = setTimeout(offer, 150);
  });
});

// Weights are added up as one types, in whole ten-thousandths; the server decides whether they may stand.
document.querySelectorAll("[data-weights]").forEach((table) => {
  const output = table.querySelector("output");
  if (!output) return;
  const SCALE = 10000n;
  const FULL = 100n * SCALE;
  const read = (text) => {
    const plain = text.normalize("NFKC").replace("%", "").trim();
    if (!plain) return 0n;
    const found = /^(\d{1,6})(?:\.(\d{0,4}))?$/.exec(plain);
    return found ? BigInt(found[1]) * SCALE + BigInt((found[2] ?? "").padEnd(4, "0")) : null;
  };
  const write = (value) => {
    const rest = String(value % SCALE).padStart(4, "0").replace(/0+$/, "");
    return String(value / SCALE) + (rest ? `.${rest}` : "");
  };
  const add = () => {
    const weights = [...table.querySelectorAll("input[name^='weight:']")].map((field) => read(field.value));
    const [figure, words] = [output.querySelector("strong"), output.querySelector("span")];
    const isRight = !weights.includes(null) && weights.reduce((sum, one) => sum + one, 0n) === FULL;
    output.classList.toggle("sum-right", isRight);
    output.classList.toggle("sum-off", !isRight);
    if (weights.includes(null)) {
      [figure.textContent, words.textContent] = ["–", output.dataset.unreadable];
      return;
    }
    const sum = weights.reduce((total, one) => total + one, 0n);
    figure.textContent = write(sum);
    if (isRight) words.textContent = output.dataset.right;
    else if (sum < FULL) words.textContent = `${output.dataset.under} ${write(FULL - sum)}`;
    else words.textContent = `${output.dataset.over} ${write(sum - FULL)}`;
  };
  table.addEventListener("input", add);
});

// A field that is asked for only with some answers of another is hidden, and not sent, with the others.
document.querySelectorAll("[data-only-if]").forEach((place) => {
  const asked = document.getElementsByName(place.dataset.onlyIf)[0];
  const wanted = place.dataset.values.split(" ");
  const show = () => {
    place.hidden = !wanted.includes(asked.value);
    place.querySelectorAll("input, select, textarea").forEach((field) => (field.disabled = place.hidden));
  };
  asked.addEventListener("change", show);
  show();
});
