// The party switch of who acts for many (<details data-choose-among>): narrowed by typing; Enter takes the first that is left.
document.querySelectorAll("[data-choose-among]").forEach((menu) => {
  const box = menu.querySelector("[data-choose-by]");
  const count = menu.querySelector("[data-choose-count]");
  const none = menu.querySelector("[data-choose-none]");
  const buttons = [...menu.querySelectorAll("li button")];
  const left = () => buttons.filter((button) => !button.parentElement.hidden);

  const narrow = () => {
    const words = box.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    for (const button of buttons) {
      const name = button.textContent.toLocaleLowerCase();
      button.parentElement.hidden = !words.every((word) => name.includes(word));
    }
    const found = left().length;
    none.hidden = found > 0;
    count.textContent = found ? String(found) : count.dataset.none;
  };

  box.hidden = false;
  box.addEventListener("input", narrow);
  menu.addEventListener("toggle", () => {
    if (!menu.open) return;
    box.value = "";
    narrow();
    box.focus();
  });
  menu.addEventListener("keydown", (event) => {
    const among = left();
    const at = among.indexOf(document.activeElement);
    if (event.key === "Enter" && event.target === box) {
      event.preventDefault();
      among[0]?.click();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const next = at + (event.key === "ArrowDown" ? 1 : -1);
      (among[next] ?? (next < 0 ? box : among[at]))?.focus();
    }
  });
});
