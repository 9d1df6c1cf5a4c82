// A click on a frame makes it as wide as the graph, on the top one everything is shown again.
for (const graph of document.querySelectorAll(".graph")) {
  const [flame, told, find] = [".flame", "output", "input"].map((name) => graph.querySelector(name));
  const frames = [...flame.children];
  const number = (frame, name) => Number(frame.style.getPropertyValue(name));
  flame.addEventListener("click", ({ target }) => {
    if (target === flame) return;
    flame.style.setProperty("--from", number(target, "--x"));
    flame.style.setProperty("--scale", 100 / number(target, "--w"));
  });
  for (const kind of ["pointerover", "click", "focusin"])
    flame.addEventListener(kind, ({ target }) => (told.textContent = target.title || told.textContent));
  find.addEventListener("input", () => {
    const wanted = find.value.trim().toLowerCase();
    for (const frame of frames)
      frame.classList.toggle("found", wanted !== "" && frame.textContent.toLowerCase().includes(wanted));
  });
}
