// htmx would write a style sheet into the page; the back office has its own, and a policy that stops others.
htmx.config.includeIndicatorStyles = false;

// On a phone a row of a list is a card (css/backoffice.css): each value stands under the name of its column.
function label(table) {
  const names = [...table.querySelectorAll("thead th")].map((head) => head.querySelector(".text")?.textContent.trim() ?? "");
  table.querySelectorAll("tbody tr").forEach((row) => [...row.cells].forEach((cell, at) => { cell.dataset.label = names[at]; }));
}
const labelled = () => document.querySelectorAll("#result_list").forEach(label);
document.addEventListener("DOMContentLoaded", labelled);
// unfold names no landmark: a screen reader jumps to what is read.
document.addEventListener("DOMContentLoaded", () => document.getElementById("main")?.setAttribute("role", "main"));
document.addEventListener("htmx:afterSwap", labelled);
