// Charts: [data-chart] is drawn by ECharts when it comes into view, from the table behind it (data-value of each cell)
// in the colours of its legend. The library is fetched for the first chart that is seen, and on no page without one.
//
// Drawn inside a shadow root: to the page the element stays as the server wrote it, so that news (js/live.js) replace
// it only where its numbers have moved.
const charts = new Map(); // element -> ECharts
const quiet = matchMedia("(prefers-reduced-motion: reduce)");
const language = () => document.documentElement.lang || "en";
let library = null;

function load(url) {
  library ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => done(window.echarts);
    script.onerror = () => { library = null; failed(new Error("the chart library did not arrive")); };
    document.head.append(script);
  });
  return library;
}

function numbers(element) {
  const figure = element.closest("figure");
  const rows = [...figure.querySelectorAll(".chart-numbers tbody tr")].map((row) => ({
    label: row.querySelector("th").textContent.trim(),
    short: row.dataset.short,
    url: row.querySelector("th a")?.href,
    cells: [...row.querySelectorAll("td")].map((cell) => ({
      text: cell.textContent.trim(),
      value: cell.dataset.value === "" ? null : Number(cell.dataset.value),
    })),
  }));
  const series = [...figure.querySelectorAll(".chart-legend li")].map((item) => ({
    name: item.textContent.trim(),
    colour: getComputedStyle(item.querySelector(".chart-swatch")).backgroundColor,
  }));
  return { rows, series };
}

function elapsed(milliseconds) {
  if (milliseconds < 1000) return `${milliseconds} ms`;
  const [unit, size] = [["d", 86400e3], ["h", 3600e3], ["min", 60e3], ["s", 1e3]].find(([, size]) => milliseconds >= size);
  return `${Math.round(milliseconds / size * 10) / 10} ${unit}`;
}

function scale(unit) {
  const style = { percent: { style: "percent" }, money: { notation: "compact" }, number: { notation: "compact" } }[unit];
  return style ? (value) => new Intl.NumberFormat(language(), style).format(value) : elapsed;
}

function inks(element) {
  const style = getComputedStyle(element);
  const probe = document.createElement("span");
  element.parentElement.append(probe); // beside it: what stands under a shadow host has no style
  probe.style.transition = "none"; // else its colour is still on its way when it is read
  const read = (name) => { probe.style.color = `var(${name})`; return getComputedStyle(probe).color; };
  const found = { soft: read("--ink-soft"), ink: read("--ink"), line: read("--line"), raised: read("--raised") };
  probe.remove();
  return { ...found, font: style.fontFamily };
}

function told(rows, series) {
  // Text on the canvas, not HTML: a tooltip's inline styles would not pass the content security policy.
  return (points) => {
    const row = rows[(Array.isArray(points) ? points[0] : points).dataIndex];
    const lines = series.map((each, at) => (series.length > 1
      ? `{name|${each.name}}  {value|${row.cells[at].text}}` : `{value|${row.cells[at].text}}`));
    return [`{label|${row.label}}`, ...lines].join("\n");
  };
}

function option(element) {
  const { rows, series } = numbers(element);
  const ink = inks(element);
  const kind = element.dataset.chart;
  const lies = kind === "rows";
  const drawnAsLine = kind === "line" || kind === "area";
  const text = { color: ink.soft, fontFamily: ink.font, fontSize: 12 };
  const category = {
    type: "category", data: rows.map((row) => row.short), inverse: lies, boundaryGap: !drawnAsLine,
    axisLine: { lineStyle: { color: ink.line } }, axisTick: { show: false },
    axisLabel: { ...text, ...fitted(element, rows, lies) },
  };
  const value = {
    type: element.dataset.log ? "log" : "value", splitNumber: lies ? Math.min(4, Math.max(2, Math.round(element.clientWidth / 160))) : 4, axisLine: { show: false }, axisTick: { show: false },
    minInterval: element.dataset.unit === "number" ? 1 : 0, ...(element.dataset.unit === "percent" ? reach(rows) : {}),
    axisLabel: { ...text, formatter: scale(element.dataset.unit), hideOverlap: true },
    splitLine: { lineStyle: { color: ink.line } },
  };
  return {
    animation: !quiet.matches, animationDuration: 350, textStyle: { fontFamily: ink.font },
    grid: { left: 2, right: 12, top: 12, bottom: 2, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    xAxis: lies ? value : category, yAxis: lies ? category : value,
    tooltip: {
      trigger: "axis", renderMode: "richText", confine: true, backgroundColor: ink.raised, borderColor: ink.line, padding: [8, 12],
      axisPointer: { type: drawnAsLine ? "line" : "shadow", lineStyle: { color: ink.soft }, shadowStyle: { color: ink.line, opacity: 0.45 } },
      formatter: told(rows, series),
      textStyle: { color: ink.ink, fontFamily: ink.font, fontSize: 13, lineHeight: 20,
        rich: { label: { color: ink.soft, lineHeight: 22, fontSize: 12 }, name: { color: ink.soft, lineHeight: 20 }, value: { color: ink.ink, fontWeight: 600, lineHeight: 20 } } },
    },
    series: series.map((each, at) => ({
      name: each.name, type: drawnAsLine ? "line" : "bar", data: rows.map((row) => row.cells[at].value), color: each.colour,
      stack: kind === "stack" ? "all" : undefined, barMaxWidth: 36, barGap: "15%", cursor: rows.some((row) => row.url) ? "pointer" : "default",
      lineStyle: { width: 2 }, symbol: "circle", symbolSize: 6, showSymbol: rows.length < 20, smooth: 0.15, connectNulls: false,
      areaStyle: kind === "area" ? { opacity: 0.12 } : undefined,
      itemStyle: { borderRadius: kind === "stack" ? 0 : lies ? [0, 2, 2, 0] : [2, 2, 0, 0] },
    })),
  };
}

// Names beside lying bars all stand, cut where they are long; those below standing ones where there is room for them.
function fitted(element, rows, lies) {
  if (lies) return { interval: 0, width: Math.min(160, element.clientWidth * 0.4), overflow: "truncate" };
  return { hideOverlap: true };
}

function reach(rows) {
  const most = Math.max(...rows.flatMap((row) => row.cells.map((cell) => cell.value ?? 0)));
  return most > 0.5 && most <= 1 ? { max: 1, interval: 0.25 } : {}; // shares stand before their whole
}

async function draw(element) {
  const echarts = await load(element.dataset.library);
  if (!element.isConnected || charts.has(element)) return;
  const root = element.shadowRoot ?? element.attachShadow({ mode: "open" });
  const place = document.createElement("div");
  place.style.cssText = "width: 100%; height: 100%";
  root.replaceChildren(place);
  const chart = echarts.init(place, null, { renderer: "canvas" });
  chart.setOption(option(element));
  chart.on("click", (point) => {
    const url = numbers(element).rows[point.dataIndex]?.url;
    if (url) location.assign(url);
  });
  charts.set(element, chart);
  sizes.observe(element);
  element.dispatchEvent(new CustomEvent("drawn", { bubbles: true }));
}

const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => charts.get(target)?.resize()));
const seen = new IntersectionObserver((entries) => entries.forEach((entry) => {
  if (!entry.isIntersecting) return;
  seen.unobserve(entry.target);
  draw(entry.target).catch(() => { entry.target.closest("figure").querySelector("details").open = true; });
}), { rootMargin: "200px" });

function look() {
  charts.forEach((chart, element) => {
    if (element.isConnected) return;
    sizes.unobserve(element);
    chart.dispose();
    charts.delete(element);
  });
  document.querySelectorAll("[data-chart]").forEach((element) => { if (!charts.has(element)) seen.observe(element); });
}

function repaint() { charts.forEach((chart, element) => chart.setOption(option(element))); }

look();
new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
document.fonts?.ready.then(repaint);
