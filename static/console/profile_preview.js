"use strict";
/* Shows the card as customers will see it while it is typed, and counts against WeCom's limits; what variables become
   among the accounts it covers the server says. */
(() => {
  const form = document.querySelector("[data-card-form]");
  const phone = document.querySelector("[data-card-preview]");
  if (!form || !phone) { return; }
  const filled = (text) => text.replace(/\{(\w+)\}/g, (whole, name) => phone.dataset[name] || whole);
  const fixed = (text) => Array.from(text.trim().replace(/\{\w+\}/g, "")).length;

  function count(input) {
    let place = input.parentElement.querySelector(".char-count");
    if (!place) {
      place = document.createElement("span");
      place.className = "char-count";
      input.insertAdjacentElement("afterend", place);
    }
    const most = Number(input.dataset.limit);
    const found = measured.get(textOf(input));
    const length = found ? found.length : fixed(input.value);
    const words = [`${length} / ${most}`];
    if (length > most) { words.push(form.dataset.tooLong); }
    if (found && found.longest) { words.push(form.dataset.longest.replace("[]", found.longest)); }
    if (found && found.over) { words.push(form.dataset.over.replace("[]", found.over)); }
    place.textContent = words.join(" · ");
    place.classList.toggle("is-over", length > most);
  }

  // Only a text with variables differs from account to account; what was measured holds for one reach.
  const textOf = (input) => input.value.trim();
  const reach = () => ["unit", "posts"].map((name) => form.elements[name].value).join("\n");
  let measured = new Map();
  let measuredFor = reach();
  let timer = 0;

  async function measure() {
    const asked = reach();
    const open = Array.from(form.querySelectorAll("[data-limit]"), textOf);
    const texts = Array.from(new Set(open)).filter((text) => /\{\w+\}/.test(text) && !measured.has(text));
    if (!texts.length) { return; }
    const body = new FormData();
    for (const name of ["unit", "posts", "csrfmiddlewaretoken"]) { body.append(name, form.elements[name].value); }
    texts.forEach((text) => body.append("text", text));
    const answer = await fetch(form.dataset.measure, { method: "POST", body }).catch(() => null);
    if (!answer || !answer.ok || asked !== reach()) { return; }
    const found = (await answer.json()).texts;
    texts.forEach((text, number) => { if (found[number]) { measured.set(text, found[number]); } });
    form.querySelectorAll("[data-limit]").forEach(count);
  }

  function measureSoon() {
    if (measuredFor !== reach()) { measured = new Map(); measuredFor = reach(); }
    clearTimeout(timer);
    timer = setTimeout(measure, 300);
  }

  function lineOf(box) {
    const value = (name) => box.querySelector(`[data-line="${name}"]`).value.trim();
    const kind = value("kind");
    box.classList.toggle("is-unused", kind === "");
    box.classList.toggle("is-text", kind === "text");
    box.classList.toggle("is-miniprogram", kind === "miniprogram");
    return { kind, name: value("name"), text: filled(value("value")) };
  }

  function row(line) {
    const box = document.createElement("div");
    const name = document.createElement("dt");
    const text = document.createElement("dd");
    name.textContent = line.name;
    text.textContent = line.text;
    text.classList.toggle("is-link", line.kind !== "text");
    box.append(name, text);
    return box;
  }

  function show() {
    for (const name of ["corp", "position"]) {
      const source = form.querySelector(`[data-card="${name}"]`);
      phone.querySelector(`[data-card-of="${name}"]`).textContent = filled(source.value.trim());
    }
    const lines = Array.from(form.querySelectorAll("[data-card-line]"), lineOf);
    phone.querySelector("[data-card-lines]").replaceChildren(...lines.filter((line) => line.kind && line.text).map(row));
    measureSoon();
    form.querySelectorAll("[data-limit]").forEach(count);
  }
  form.addEventListener("input", show);
  form.addEventListener("change", show);
  show();
})();
