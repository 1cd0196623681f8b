// A small box beside a mark of a figure: a title, and names with values.
const listed = (list, pairs) => list.replaceChildren(...pairs.flatMap(([name, value]) => {
  const term = document.createElement("dt"), said = document.createElement("dd");
  term.textContent = name;
  said.textContent = value;
  return [term, said];
}));

const hint = (() => {
  const box = document.getElementById("hint");
  const hide = () => { if (box) box.hidden = true; };
  // Near a rectangle of the window, below it where there is room.
  const place = (near) => {
    const wide = box.offsetWidth, high = box.offsetHeight, under = near.bottom + 10;
    box.style.left = `${Math.max(8, Math.min(near.left + near.width / 2 - wide / 2, innerWidth - wide - 8))}px`;
    box.style.top = `${under + high < innerHeight ? under : Math.max(8, near.top - high - 10)}px`;
  };
  // What fills the picture, if anything does, comes later.
  const show = (words, pairs, near, fill) => {
    const title = document.createElement("b"), list = document.createElement("dl"), picture = document.createElement("div");
    title.textContent = words;
    listed(list, pairs);
    picture.className = "picture";
    box.replaceChildren(title, list, picture);
    box.hidden = false;
    place(near);
    fill?.(picture).then(() => place(near));
  };
  addEventListener("scroll", hide, { passive: true });
  addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  return { show, hide };
})();
