// A table to explore: dots and lines of the figures and rows lead to what is known of one evaluation, search or fit, and
// to its drawing, where there is one.
{
  const section = document.querySelector(".explored"), table = section?.querySelector("table");
  const dialog = document.getElementById("detail"), one = section?.dataset.one ?? "";
  const capital = one.slice(0, 1).toUpperCase() + one.slice(1), drawn = document.getElementById("drawings");
  const names = table ? [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim()) : [];
  const rowOf = (number) => document.getElementById(`e${number}`);
  const numberOf = (dot) => Number(dot.getAttribute("href").slice(2));
  const textOf = (cell) => (cell.dataset.value === undefined ? cell.firstChild?.textContent.trim() ?? "" : cell.textContent.trim());

  // Where there are drawings, the last cell is the architecture, with an error below it.
  const last = (row) => row.cells[row.cells.length - 1];
  const errorOf = (row) => (drawn ? last(row).querySelector("small")?.textContent : "") ?? "";
  const architecture = (row) => textOf(last(row));
  const facts = (row) => {
    const cells = [...row.cells].slice(1, drawn ? -1 : undefined);
    const found = cells.map((cell, i) => [names[i + 1], textOf(cell)]).filter(([, value]) => value && value !== "–");
    return errorOf(row) ? [...found, ["error", errorOf(row)]] : found;
  };

  // The drawings are unpacked when one is asked for.
  let unpacked;
  const drawings = () => {
    unpacked ??= (async () => {
      const packed = drawn?.content.textContent, found = new Map();
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
    place.dataset.number = number;
    const svg = (await drawings()).get(number);
    if (!svg || Number(place.dataset.number) !== number) return;
    place.append(document.importNode(new DOMParser().parseFromString(svg, "image/svg+xml").documentElement, true));
  };
  // One row, in a dialog.
  let shown;
  const open = (number) => {
    const row = rowOf(number);
    if (!row) return;
    shown = row;
    document.getElementById("detail-title").textContent = `${capital} ${number}`;
    listed(dialog.querySelector("dl"), facts(row));
    if (drawn) {
      dialog.querySelector("pre").textContent = architecture(row);
      dialog.querySelector("output").textContent = "";
      draw(dialog.querySelector(".picture"), number);
    }
    for (const other of table.tBodies[0].rows) other.classList.toggle("chosen", other === row);
    hint.hide();
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
    const values = (row) => [...row.cells].map((cell) => cell.dataset.value ?? textOf(cell));
    const lines = visible().map((row) => (drawn ? [...values(row), errorOf(row)] : values(row)));
    const text = [drawn ? [...names, "error"] : names, ...lines].map((line) => line.map(quoted).join(",")).join("\n") + "\n";
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    link.download = `${section.id}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };

  if (table) {
    const tools = section.querySelector(".tools"), dots = new Map();
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
      // An image would hide its links from a screen reader.
      if (links.length) svg.setAttribute("role", "group");
      links.sort((a, b) => numberOf(a) - numberOf(b));
      links.forEach((dot, at) => {
        const number = numberOf(dot);
        dots.set(number, [...(dots.get(number) ?? []), dot]);
        dot.setAttribute("aria-label", `${one} ${number}`);
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
        // A thin line is easier to point at than it looks.
        const line = dot.querySelector("path"), isLine = line && getComputedStyle(line).fill === "none";
        if (isLine) {
          dot.classList.add("line");
          const wide = line.cloneNode();
          wide.setAttribute("class", "target");
          dot.append(wide);
        }
        const show = (event) => {
          const near = isLine && event.clientX ? new DOMRect(event.clientX - 5, event.clientY - 5, 10, 10) : dot.getBoundingClientRect();
          hint.show(`${capital} ${number}`, facts(rowOf(number)), near, drawn && ((picture) => draw(picture, number)));
        };
        dot.addEventListener("pointerenter", (event) => { if (event.pointerType === "mouse") show(event); });
        dot.addEventListener("focus", (event) => { if (dot.matches(":focus-visible")) show(event); });
        for (const leave of ["pointerleave", "blur"]) dot.addEventListener(leave, hint.hide);
      });
    }
  }
}
