(() => {
  const box = document.querySelector(".search");
  const input = box.querySelector("input");
  const count = box.querySelector("[role=status]");
  const items = [...document.querySelectorAll(".card, .lines li")];
  if (items.length < 20) return;
  box.hidden = false;
  const texts = items.map((item) => item.textContent.toLowerCase());
  const folded = [...document.querySelectorAll("details")];
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    items.forEach((item, place) => {
      item.hidden = !words.every((word) => texts[place].includes(word));
      found += item.hidden ? 0 : 1;
    });
    folded.forEach((part) => { part.open = words.length > 0 && part.querySelector("li:not([hidden])") !== null; });
    count.textContent = words.length ? `${found} of ${items.length}` : "";
  });
})();
