(() => {
  const box = document.querySelector(".search");
  const input = box.querySelector("input");
  const count = box.querySelector("[role=status]");
  const items = [...document.querySelectorAll(".card, .lines li")];
  if (items.length < 20) return;
  box.hidden = false;
  const texts = items.map((item) => item.textContent.toLowerCase());
  const folded = [...document.querySelectorAll("details")].map((part) => [part, part.open]);
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let hits = 0;
    items.forEach((item, place) => {
      item.hidden = !words.every((word) => texts[place].includes(word));
      hits += item.hidden ? 0 : 1;
    });
    folded.forEach(([part, open]) => {
      part.open = words.length ? part.matches(".card") || part.querySelector("li:not([hidden])") !== null : open;
    });
    count.textContent = words.length ? `${hits} of ${items.length}` : "";
  });
})();
