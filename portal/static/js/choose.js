// Rows chosen for an action. A table with a column of kind "choose" has check boxes of the form `<table>-chosen`;
// [data-choose-all=FORM] chooses all that are shown; inside the form each [data-chosen-count] tells how many they are,
// each [data-chosen-number] so too as a plain number, each [data-chosen-sum] what they come to (data-minor and
// data-currency of the boxes), and a button with data-needs-chosen waits until there is one.
const chosen = new Map();

function boxes(form) {
  return [...document.querySelectorAll(`input[type=checkbox][name=chosen][form="${CSS.escape(form)}"]`)];
}

function money(minor, currency) {
  const language = document.documentElement.lang || "en";
  const format = new Intl.NumberFormat(language, { style: "currency", currency, currencyDisplay: "code" });
  return format.format(minor / 10 ** format.resolvedOptions().maximumFractionDigits);
}

function sum(marked) {
  const sums = new Map();
  marked.forEach(({ dataset: { minor, currency } }) => sums.set(currency, (sums.get(currency) ?? 0) + Number(minor)));
  return [...sums].map(([currency, minor]) => money(minor, currency)).join(" + ");
}

function tell(form) {
  const all = boxes(form);
  const marked = all.filter((box) => box.checked);
  chosen.set(form, new Set(marked.map((box) => box.value)));
  document.querySelectorAll(`[data-choose-all="${CSS.escape(form)}"]`).forEach((head) => {
    head.checked = all.length > 0 && marked.length === all.length;
    head.indeterminate = marked.length > 0 && marked.length < all.length;
  });
  const inside = (part) => document.getElementById(form)?.querySelectorAll(part) ?? [];
  inside("[data-chosen-count]").forEach((each) => { each.textContent = marked.length ? ` (${marked.length})` : ""; });
  inside("[data-chosen-number]").forEach((each) => { each.textContent = marked.length; });
  inside("[data-chosen-sum]").forEach((each) => { each.textContent = sum(marked); });
  inside("[data-needs-chosen]").forEach((each) => { each.disabled = !marked.length; });
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
