// Figures and drawings can be enlarged, and moved by dragging.
for (const plot of document.querySelectorAll(".plot, .cell .picture")) {
  const svg = plot.querySelector("svg"), whole = svg.getAttribute("viewBox").split(/\s+/).map(Number);
  let [x, y, width, height] = whole;
  const set = () => {
    width = Math.min(width, whole[2]);
    height = Math.min(height, whole[3]);
    x = Math.max(whole[0], Math.min(x, whole[0] + whole[2] - width));
    y = Math.max(whole[1], Math.min(y, whole[1] + whole[3] - height));
    svg.setAttribute("viewBox", `${x} ${y} ${width} ${height}`);
    svg.classList.toggle("enlarged", width < whole[2]);
  };
  const zoom = (factor, at = [0.5, 0.5]) => {
    const now = Math.max(whole[2] / 20, Math.min(whole[2], width / factor)), ratio = now / width;
    x += at[0] * width * (1 - ratio);
    y += at[1] * height * (1 - ratio);
    width = now;
    height *= ratio;
    set();
  };
  const tools = document.createElement("div");
  tools.className = "zoom screen";
  for (const [sign, label, act] of [["+", "Enlarge", () => zoom(1.6)], ["−", "Reduce", () => zoom(1 / 1.6)], ["⟲", "Show all of it", () => zoom(1e-6)]]) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = sign;
    button.title = label;
    button.setAttribute("aria-label", label);
    button.addEventListener("click", act);
    tools.append(button);
  }
  plot.before(tools);
  svg.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const box = svg.getBoundingClientRect();
    zoom(event.deltaY < 0 ? 1.25 : 0.8, [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]);
  }, { passive: false });
  let from;
  svg.addEventListener("pointerdown", (event) => {
    if (width < whole[2] && !event.target.closest("a")) from = [event.clientX, event.clientY, x, y];
  });
  addEventListener("pointermove", (event) => {
    if (!from) return;
    const box = svg.getBoundingClientRect();
    x = from[2] - ((event.clientX - from[0]) * width) / box.width;
    y = from[3] - ((event.clientY - from[1]) * height) / box.height;
    set();
  });
  for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => { from = undefined; });
}
