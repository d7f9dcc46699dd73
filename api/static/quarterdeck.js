// Makes pages pleasanter; every form works without it. Nothing here decides anything.
"use strict";

// A button that cannot be undone asks first.
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-confirm]");
  if (button && !window.confirm(button.dataset.confirm)) event.preventDefault();
});

// A form that is on its way says so, and is not sent twice.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  if (form.method !== "post") return;
  form.dataset.sent = "yes";
  form.setAttribute("aria-busy", "true");
  const status = form.querySelector("[role=status]");
  if (status && form.dataset.busy) status.textContent = form.dataset.busy;
  // Not at once: a disabled button's own value would not be sent.
  setTimeout(() => form.querySelectorAll("button").forEach((button) => (button.disabled = true)), 0);
});

// Coming back with the browser's button finds the form usable again.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  document.querySelectorAll("form[data-sent]").forEach((form) => {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
    form.querySelectorAll("button").forEach((button) => (button.disabled = false));
  });
});

// A filter is applied when it is changed; without a script its button does it.
document.querySelectorAll("form[data-filter]").forEach((form) => {
  form.addEventListener("change", () => form.requestSubmit());
});

// One box ticks all rows of its form; what is ticked is counted on the buttons' bar.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-chooses]");
  if (!form) return;
  const rows = [...form.querySelectorAll("input[name=task]")];
  const all = form.querySelector("[data-all]");
  if (event.target === all) rows.forEach((row) => (row.checked = all.checked));
  else if (event.target.name === "task") all.checked = rows.every((row) => row.checked);
});

// After a part of the page was exchanged, what came of an order is read out and seen.
document.addEventListener("htmx:afterSettle", (event) => {
  const results = event.target.querySelector?.(".results");
  if (results) results.focus({ preventScroll: false });
});

// An open menu closes at a click elsewhere and at Escape.
const closeMenus = (except) =>
  document.querySelectorAll("details.me[open]").forEach((menu) => menu !== except && menu.removeAttribute("open"));
document.addEventListener("click", (event) => closeMenus(event.target.closest("details.me")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  document.activeElement?.closest("details.me[open]")?.querySelector("summary").focus();
  closeMenus(null);
});

// Something that is being waited for is looked at again.
const waiting = document.querySelector("[data-look-again]");
if (waiting) setTimeout(() => location.reload(), Number(waiting.dataset.lookAgain) * 1000);

// One box chooses all of a list.
document.querySelectorAll("[data-all]").forEach((box) => {
  box.addEventListener("change", () =>
    document.querySelectorAll(`input[name="${box.dataset.all}"]`).forEach((one) => (one.checked = box.checked)),
  );
});
