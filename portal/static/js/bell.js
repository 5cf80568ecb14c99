// <details data-bell>: what stands behind the bell is fetched each time it is unfolded.
document.addEventListener("toggle", (event) => {
  if (!event.target.matches("[data-bell]") || !event.target.open) return;
  document.getElementById("bell-latest")?.dispatchEvent(new Event("unfold"));
}, true);
