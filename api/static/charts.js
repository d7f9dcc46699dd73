// Draws what [data-chart] elements say. Every figure stands in a table too, so nothing is lost without a script.
"use strict";

const COLOURS = { met: "#166b3e", "on-course": "#206bc4", behind: "#b42318", unknown: "#98a2b3" };
const QUIET = "#5b6675";
const FONT = getComputedStyle(document.body).fontFamily;
const ROW_HEIGHT = 34;

// The policy of our pages allows no style in markup, so tips are drawn, not built of elements.
const tip = { renderMode: "richText", confine: true, textStyle: { fontFamily: FONT, fontSize: 13 } };
const small = { fontFamily: FONT, fontSize: 12, color: QUIET };

const bars = ({ bars: given, lines }) => {
  const most = Math.max(110, ...given.map((bar) => bar.value ?? 0));
  return {
    grid: { left: 8, right: 56, top: 26, bottom: 8, containLabel: true },
    tooltip: {
      ...tip,
      trigger: "item",
      formatter: ({ dataIndex }) => [given[dataIndex].name, given[dataIndex].label, given[dataIndex].words].filter(Boolean).join("\n"),
    },
    xAxis: { type: "value", min: 0, max: Math.ceil(most / 10) * 10, axisLabel: { show: false }, splitLine: { show: false } },
    yAxis: {
      type: "category",
      inverse: true,
      data: given.map((bar) => bar.name),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: "#d5dbe3" } },
      axisLabel: { ...small, color: "#1f2937", width: 130, overflow: "truncate" },
    },
    series: [
      {
        type: "bar",
        barMaxWidth: 16,
        data: given.map((bar) => ({
          value: bar.value ?? 0,
          itemStyle: { color: COLOURS[bar.course], borderRadius: [0, 2, 2, 0] },
          label: { formatter: bar.label },
        })),
        label: { show: true, position: "right", ...small, color: "#1f2937" },
        markLine: {
          silent: true,
          symbol: "none",
          label: { ...small, position: "start" },
          data: lines.map((line, n) => ({
            xAxis: line.at,
            lineStyle: { color: n ? "#92590a" : "#5b6675", type: n ? "dashed" : "solid", width: 1 },
            // Beside their lines, away from each other.
            label: { formatter: line.label, align: n ? "right" : "left" },
          })),
        },
      },
    ],
  };
};

const course = ({ points, reached, planned }) => ({
  grid: { left: 8, right: 20, top: 34, bottom: 8, containLabel: true },
  legend: { top: 0, left: 8, itemWidth: 18, textStyle: small },
  tooltip: {
    ...tip,
    trigger: "axis",
    formatter: ([{ dataIndex }]) => {
      const point = points[dataIndex];
      return `${point.name}\n${reached} ${point.reachedLabel}\n${planned} ${point.plannedLabel}`;
    },
  },
  xAxis: {
    type: "category",
    data: points.map((point) => point.name),
    axisTick: { show: false },
    axisLine: { lineStyle: { color: "#d5dbe3" } },
    axisLabel: small,
  },
  yAxis: { type: "value", min: 0, axisLabel: { show: false }, splitLine: { lineStyle: { color: "#eef0f3" } } },
  series: [
    {
      name: reached,
      type: "line",
      data: points.map((point) => ({
        value: point.reached,
        label: { position: point.reached < point.planned ? "bottom" : "top" },
      })),
      symbolSize: 8,
      lineStyle: { width: 3, color: COLOURS["on-course"] },
      itemStyle: { color: COLOURS["on-course"] },
      label: { show: true, ...small, color: "#1f2937", formatter: ({ dataIndex }) => points[dataIndex].reachedLabel },
    },
    {
      name: planned,
      type: "line",
      data: points.map((point) => point.planned),
      symbol: "none",
      lineStyle: { width: 1.5, type: "dashed", color: "#92590a" },
      itemStyle: { color: "#92590a" },
    },
  ],
});

// Bars from where a step begins to where it ends, on a series that is not seen; all above the lowest.
const waterfall = ({ steps }) => {
  const lowest = Math.min(0, ...steps.map((step) => Math.min(step.from, step.to)));
  const colour = (step) => (step.whole ? "#566273" : step.to < step.from ? COLOURS.behind : COLOURS.met);
  return {
    grid: { left: 8, right: 84, top: 8, bottom: 8, containLabel: true },
    tooltip: { ...tip, trigger: "item", formatter: ({ dataIndex }) => `${steps[dataIndex].name}\n${steps[dataIndex].label}` },
    xAxis: { type: "value", axisLabel: { show: false }, splitLine: { show: false } },
    yAxis: {
      type: "category",
      inverse: true,
      data: steps.map((step) => step.name),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: "#d5dbe3" } },
      axisLabel: { ...small, color: "#1f2937", width: 130, overflow: "truncate" },
    },
    series: [
      { type: "bar", stack: "way", silent: true, itemStyle: { color: "transparent" }, data: steps.map((step) => Math.min(step.from, step.to) - lowest) },
      {
        type: "bar",
        stack: "way",
        barMaxWidth: 16,
        data: steps.map((step) => ({
          value: Math.abs(step.to - step.from),
          itemStyle: { color: colour(step), borderRadius: 2 },
          label: { formatter: step.label },
        })),
        label: { show: true, position: "right", ...small, color: "#1f2937" },
      },
    ],
  };
};

const draw = (element) => {
  const given = JSON.parse(element.dataset.chart);
  const count = (given.bars ?? given.steps ?? given.points ?? []).length;
  if (!count) return;
  element.hidden = false;
  element.style.height = given.bars || given.steps ? `${Math.max(3, count) * ROW_HEIGHT + 44}px` : "15rem";
  const chart = echarts.init(element, null, { renderer: "canvas" });
  chart.setOption({ animation: false, ...(given.bars ? bars(given) : given.steps ? waterfall(given) : course(given)) });
  new ResizeObserver(() => chart.resize()).observe(element);
};

document.querySelectorAll("[data-chart]").forEach(draw);
