// Rows chosen for an action. A table with a column of kind "choose" has check boxes of the form `<table>-chosen`;
// [data-choose-all=FORM] chooses all that are shown; each [data-chosen-count] inside the form tells how many they are.
const chosen = new Map();

function boxes(form) {
  return [...document.querySelectorAll(`input[type=checkbox][name=chosen][form="${CSS.escape(form)}"]`)];
}

function tell(form) {
  const all = boxes(form);
  const marked = all.filter((box) => box.checked);
  chosen.set(form, new Set(marked.map((box) => box.value)));
  document.querySelectorAll(`[data-choose-all="${CSS.escape(form)}"]`).forEach((head) => {
    head.checked = all.length > 0 && marked.length === all.length;
    head.indeterminate = marked.length > 0 && marked.length < all.length;
  });
  const counts = document.getElementById(form)?.querySelectorAll("[data-chosen-count]") ?? [];
  counts.forEach((count) => { count.textContent = marked.length ? ` (${marked.length})` : ""; });
}

document.addEventListener("change", (event) => {
  const every = event.target.dataset?.chooseAll;
  if (every) boxes(every).forEach((box) => { box.checked = event.target.checked; });
  const form = every || (event.target.name === "chosen" && event.target.getAttribute("form"));
  if (form) tell(form);
});

// News renew the table: what was chosen and is still there stays chosen.
document.addEventListener("renewed", (event) => {
  const forms = new Set([...event.target.querySelectorAll("[data-choose-all]")].map((head) => head.dataset.chooseAll));
  forms.forEach((form) => {
    const before = chosen.get(form) ?? new Set();
    boxes(form).forEach((box) => { box.checked = before.has(box.value); });
    tell(form);
  });
});

addEventListener("pageshow", () => document.querySelectorAll("[data-choose-all]").forEach((head) => tell(head.dataset.chooseAll)));
