"use strict";
const entries = [...document.querySelectorAll(".entry")].map((entry) => [entry, entry.textContent.toLowerCase()]);
const filter = document.getElementById("filter");
function show() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const [entry, text] of entries) {
    entry.hidden = !words.every((word) => text.includes(word));
    count += entry.hidden ? 0 : 1;
  }
  for (const section of document.querySelectorAll("section")) section.hidden = !section.querySelector(".entry:not([hidden])");
  document.getElementById("found").textContent = words.length ? `${count} found` : "";
}
function open() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) target.open = true;
}
filter.addEventListener("input", show);
addEventListener("hashchange", open);
show();
open();
