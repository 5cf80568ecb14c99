// [data-drop]: files dropped on it go into its file input; [data-drop-files] lists what was chosen, with its size.
const size = (bytes) => (bytes < 1024 ? `${bytes}\u00a0B` : bytes < 1024 ** 2 ? `${(bytes / 1024).toFixed(1)}\u00a0kB` : `${(bytes / 1024 ** 2).toFixed(1)}\u00a0MB`);

document.querySelectorAll("[data-drop]").forEach((zone) => {
  const input = zone.querySelector("input[type=file]");
  const list = zone.querySelector("[data-drop-files]");
  if (!input) return;
  let depth = 0; // leave is told for every child that is crossed
  const over = (step) => { depth = Math.max(0, depth + step); zone.classList.toggle("drop-over", depth > 0); };

  zone.addEventListener("dragenter", (event) => { event.preventDefault(); over(1); });
  zone.addEventListener("dragleave", () => over(-1));
  zone.addEventListener("dragover", (event) => { event.preventDefault(); event.dataTransfer.dropEffect = "copy"; });
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    over(0);
    if (!event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
  input.addEventListener("change", () => {
    list?.replaceChildren(...[...input.files].map((file) => {
      const item = document.createElement("li");
      const name = document.createElement("span");
      name.textContent = file.name;
      const much = document.createElement("span");
      much.textContent = size(file.size);
      item.append(name, much);
      return item;
    }));
  });
});
// A file that misses the place must not replace the page.
["dragover", "drop"].forEach((name) => addEventListener(name, (event) => event.preventDefault()));
