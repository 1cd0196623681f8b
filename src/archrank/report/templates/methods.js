// The methods of a comparison: a legend shows and hides the marks of one in all figures, and values are read off the
// lines by the mouse or a slider.
{
  const hidden = new Set();
  const keys = [...document.querySelectorAll("[data-key]")], marks = [...document.querySelectorAll("[data-method]:not([data-key])")];
  const toggle = (method) => {
    if (!hidden.delete(method)) hidden.add(method);
    for (const mark of marks) if (mark.dataset.method === method) mark.classList.toggle("gone", hidden.has(method));
    for (const key of keys) {
      if (key.dataset.method !== method) continue;
      key.classList.toggle("off", hidden.has(method));
      if (key.hasAttribute("aria-pressed")) key.setAttribute("aria-pressed", String(!hidden.has(method)));
    }
    for (const read of readers) read();
  };
  const readers = [];

  for (const figure of document.querySelectorAll("figure:has(> .readings)")) {
    const { names, panels } = JSON.parse(figure.querySelector(".readings").content.textContent);
    const points = panels.flatMap((panel, p) => panel.x.map((_, i) => [p, i]));
    const valuesAt = (panel, i) => Object.entries(panels[panel].values)
      .filter(([method]) => !hidden.has(method))
      .map(([method, values]) => [names[method], values[i]]);
    const titleOf = (panel, i) => [panels[panel].title, panels[panel].at[i]].filter(Boolean).join(": ");

    const tools = document.createElement("p");
    tools.className = "reader screen";
    tools.innerHTML = '<label>Read values <input type="range" min="0" step="1"></label><output></output>';
    const slider = tools.querySelector("input"), said = tools.querySelector("output");
    slider.max = points.length - 1;
    slider.value = points.length - 1;
    const read = () => {
      const [panel, i] = points[Number(slider.value)];
      const words = valuesAt(panel, i).map(([name, value]) => `${name} ${value}`).join(" · ");
      said.textContent = `${titleOf(panel, i)} · ${words}`;
      slider.setAttribute("aria-valuetext", said.textContent);
    };
    slider.addEventListener("input", read);
    readers.push(read);
    figure.querySelector("figcaption").before(tools);

    for (const plot of figure.querySelectorAll(".plot")) {
      const svg = plot.querySelector("svg"), boxes = JSON.parse(plot.dataset.boxes);
      svg.setAttribute("role", "group");
      for (const key of svg.querySelectorAll("[data-key]")) {
        key.addEventListener("click", () => toggle(key.dataset.method));
        if (key.dataset.key !== "name") continue;
        key.setAttribute("role", "button");
        key.setAttribute("tabindex", "0");
        key.setAttribute("aria-pressed", "true");
        key.setAttribute("aria-label", names[key.dataset.method]);
        // The whole name can be clicked, not only its strokes.
        const box = key.getBBox(), area = document.createElementNS("http://www.w3.org/2000/svg", "rect");
        for (const side of ["x", "y", "width", "height"]) area.setAttribute(side, box[side]);
        area.setAttribute("class", "area");
        key.prepend(area);
        key.addEventListener("keydown", (event) => {
          if (event.key !== "Enter" && event.key !== " ") return;
          event.preventDefault();
          toggle(key.dataset.method);
        });
      }
      const cursor = document.createElementNS("http://www.w3.org/2000/svg", "line");
      cursor.setAttribute("class", "cursor");
      svg.append(cursor);
      const leave = () => { cursor.classList.remove("seen"); hint.hide(); };
      svg.addEventListener("pointerleave", leave);
      svg.addEventListener("pointermove", (event) => {
        const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
        const panel = boxes.findIndex(([x, y, width, height]) => at.x >= x && at.x <= x + width && at.y >= y && at.y <= y + height);
        if (panel < 0) { leave(); return; }
        const [x, y, width, height, from, to, log] = boxes[panel], scale = log ? Math.log : Number;
        const placeOf = (value) => x + (width * (scale(value) - scale(from))) / (scale(to) - scale(from));
        const { x: steps } = panels[panel];
        let nearest = 0;
        steps.forEach((step, i) => { if (Math.abs(placeOf(step) - at.x) < Math.abs(placeOf(steps[nearest]) - at.x)) nearest = i; });
        for (const end of ["x1", "x2"]) cursor.setAttribute(end, placeOf(steps[nearest]));
        cursor.setAttribute("y1", y);
        cursor.setAttribute("y2", y + height);
        cursor.classList.add("seen");
        // Over the mark of a single search or fit the box tells of that one.
        if (!event.target.closest("a")) hint.show(titleOf(panel, nearest), valuesAt(panel, nearest), new DOMRect(event.clientX, event.clientY - 8, 1, 24));
        slider.value = points.findIndex(([p, i]) => p === panel && i === nearest);
        read();
      });
    }
  }
  for (const read of readers) read();
}
