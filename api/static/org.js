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
