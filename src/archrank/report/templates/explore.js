// A search to explore: dots and rows lead to what is known of an evaluation, and to its drawing.
{
  const table = document.querySelector("#evaluations table");
  const dialog = document.getElementById("evaluation"), hint = document.getElementById("hint");
  const names = table ? [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim()) : [];
  const rowOf = (number) => document.getElementById(`e${number}`);
  const numberOf = (dot) => Number(dot.getAttribute("xlink:href").slice(2));
  const textOf = (cell) => (cell.dataset.value === undefined ? cell.firstChild?.textContent.trim() ?? "" : cell.textContent.trim());

  // Name and value of everything that is known but the architecture, which comes last.
  const facts = (row) => {
    const found = [...row.cells].slice(1, -1).map((cell, i) => [names[i + 1], textOf(cell)]).filter(([, value]) => value && value !== "–");
    const error = row.cells[row.cells.length - 1].querySelector("small");
    return error ? [...found, ["error", error.textContent]] : found;
  };
  const architecture = (row) => textOf(row.cells[row.cells.length - 1]);

  // The drawings are unpacked when one is asked for.
  let unpacked;
  const drawings = () => {
    unpacked ??= (async () => {
      const packed = document.getElementById("drawings").content.textContent, found = new Map();
      if (!packed || !("DecompressionStream" in window)) return found;
      const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
      const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
      for (const line of (await new Response(stream).text()).split("\n")) {
        const [numbers, svg] = line.split("\t");
        for (const number of svg ? numbers.split(",") : []) found.set(Number(number), svg);
      }
      return found;
    })().catch(() => new Map());
    return unpacked;
  };
  const draw = async (place, number) => {
    place.replaceChildren();
    const svg = (await drawings()).get(number);
    if (!svg || Number(place.dataset.number) !== number) return;
    place.append(document.importNode(new DOMParser().parseFromString(svg, "image/svg+xml").documentElement, true));
  };
  const fill = (list, row) => {
    list.replaceChildren(...facts(row).flatMap(([name, value]) => {
      const term = document.createElement("dt"), said = document.createElement("dd");
      term.textContent = name;
      said.textContent = value;
      return [term, said];
    }));
  };

  // One evaluation, in a dialog.
  let shown;
  const open = (number) => {
    const row = rowOf(number);
    if (!row) return;
    shown = row;
    document.getElementById("evaluation-title").textContent = `Evaluation ${number}`;
    fill(dialog.querySelector("dl"), row);
    dialog.querySelector("pre").textContent = architecture(row);
    dialog.querySelector("output").textContent = "";
    const picture = dialog.querySelector(".picture");
    picture.dataset.number = number;
    draw(picture, number);
    for (const other of table.tBodies[0].rows) other.classList.toggle("chosen", other === row);
    hint.hidden = true;
    if (!dialog.open) dialog.showModal();
  };
  const visible = () => [...table.tBodies[0].rows].filter((row) => !row.hidden);
  const step = (by) => {
    const rows = visible(), at = rows.indexOf(shown);
    const next = rows[(at + by + rows.length) % rows.length];
    if (next) open(Number(next.id.slice(1)));
  };
  const copy = async () => {
    const text = architecture(shown), said = dialog.querySelector("output");
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      getSelection().selectAllChildren(dialog.querySelector("pre"));
      if (!document.execCommand("copy")) { said.textContent = "selected"; return; }
    }
    said.textContent = "copied";
  };

  // The rows that are shown, in their order.
  const quoted = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const download = () => {
    const lines = visible().map((row) => [
      ...[...row.cells].map((cell) => cell.dataset.value ?? textOf(cell)),
      row.cells[row.cells.length - 1].querySelector("small")?.textContent ?? "",
    ]);
    const text = [[...names, "error"], ...lines].map((line) => line.map(quoted).join(",")).join("\n") + "\n";
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    link.download = "evaluations.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };

  if (table) {
    const tools = document.querySelector("#evaluations .tools"), dots = new Map();
    tools.hidden = false;
    const filter = tools.querySelector("input"), count = tools.querySelector("output");
    const refresh = () => {
      const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      let left = 0;
      for (const row of table.tBodies[0].rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
        left += !row.hidden;
        for (const dot of dots.get(Number(row.id.slice(1))) ?? []) dot.classList.toggle("off", row.hidden);
      }
      count.textContent = words.length ? `${left} of ${table.tBodies[0].rows.length}` : "";
    };
    filter.addEventListener("input", refresh);
    tools.querySelector("button").addEventListener("click", download);
    table.addEventListener("click", (event) => {
      const row = event.target.closest("tbody tr");
      if (!row || String(getSelection())) return;
      event.preventDefault();
      open(Number(row.id.slice(1)));
    });
    dialog.addEventListener("click", (event) => {
      const action = event.target.dataset?.do;
      if (action === "close" || event.target === dialog) dialog.close();
      if (action === "copy") copy();
      if (action === "previous") step(-1);
      if (action === "next") step(1);
    });
    dialog.addEventListener("keydown", (event) => {
      if (event.key === "ArrowLeft" || event.key === "ArrowRight") step(event.key === "ArrowLeft" ? -1 : 1);
    });

    for (const svg of document.querySelectorAll(".plot > svg")) {
      const links = [...svg.querySelectorAll("a")].filter((link) => rowOf(numberOf(link)));
      links.sort((a, b) => numberOf(a) - numberOf(b));
      links.forEach((dot, at) => {
        const number = numberOf(dot);
        dots.set(number, [...(dots.get(number) ?? []), dot]);
        dot.setAttribute("aria-label", `evaluation ${number}`);
        // A figure is one stop of the Tab key; arrow keys go on within it.
        dot.setAttribute("tabindex", at ? "-1" : "0");
        dot.addEventListener("click", (event) => { event.preventDefault(); open(number); });
        dot.addEventListener("keydown", (event) => {
          const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
          if (!by || !links[at + by]) return;
          event.preventDefault();
          dot.setAttribute("tabindex", "-1");
          links[at + by].setAttribute("tabindex", "0");
          links[at + by].focus();
        });
        const show = () => {
          const row = rowOf(number), box = dot.getBoundingClientRect();
          const title = document.createElement("b"), list = document.createElement("dl"), picture = document.createElement("div");
          title.textContent = `Evaluation ${number}`;
          fill(list, row);
          picture.className = "picture";
          picture.dataset.number = number;
          hint.replaceChildren(title, list, picture);
          hint.hidden = false;
          draw(picture, number).then(() => {
            const wide = hint.offsetWidth, high = hint.offsetHeight, under = box.bottom + 10;
            hint.style.left = `${Math.max(8, Math.min(box.left + box.width / 2 - wide / 2, innerWidth - wide - 8))}px`;
            hint.style.top = `${under + high < innerHeight ? under : Math.max(8, box.top - high - 10)}px`;
          });
        };
        dot.addEventListener("pointerenter", (event) => { if (event.pointerType === "mouse") show(); });
        dot.addEventListener("focus", () => { if (dot.matches(":focus-visible")) show(); });
        for (const leave of ["pointerleave", "blur"]) dot.addEventListener(leave, () => { hint.hidden = true; });
      });
    }
    addEventListener("scroll", () => { hint.hidden = true; }, { passive: true });
    addEventListener("keydown", (event) => { if (event.key === "Escape") hint.hidden = true; });
  }

  // Figures can be enlarged, and moved by dragging.
  for (const plot of document.querySelectorAll(".plot")) {
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
}
