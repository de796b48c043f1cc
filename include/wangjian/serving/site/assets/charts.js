// Charts in the site's colours. Each has a table beside it with the same numbers, for the keyboard, for readers aloud, for copying.
'use strict';
(() => {
  const site = window.wangjian;
  const { t } = site;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  site.palette = () => [1, 2, 3, 4, 5, 6, 7, 8].map((number) => colour(`--series-${number}`));
  site.colour = colour;

  const size = () => parseFloat(getComputedStyle(document.documentElement).fontSize);
  // a chart's labels are text in the reader's size
  const base = () => ({
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, fontSize: size() * 0.8, color: colour('--ink') },
    color: site.palette(),
    aria: { enabled: false },
  });
  const tooltip = () => ({
    confine: true,
    renderMode: 'richText',
    backgroundColor: colour('--paper'),
    borderColor: colour('--line'),
    textStyle: { color: colour('--ink'), fontSize: size() * 0.85 },
  });
  site.axisText = () => ({ color: colour('--ink-soft'), fontSize: size() * 0.75 });

  const drawn = new Map();
  const holder = (id) => {
    const panel = document.getElementById(id);
    return { panel, chart: panel.querySelector('.chart'), empty: panel.querySelector('.empty'), table: panel.querySelector('.as-table') };
  };
  site.chart = (id, isEmpty, option) => {
    const { panel, chart, empty } = holder(id);
    chart.hidden = isEmpty;
    if (empty) empty.hidden = !isEmpty;
    if (isEmpty) return null;
    const made = drawn.get(id) || echarts.init(chart, null, { renderer: 'svg' });
    drawn.set(id, made);
    made.resize();
    made.setOption({ ...base(), tooltip: tooltip(), ...option }, true);
    panel.dataset.drawn = 'yes';
    return made;
  };
  site.tableOf = (id, head, rows) => {
    const { table } = holder(id);
    const made = document.createElement('table');
    site.table(made, head, rows);
    table.querySelector('.scroll').replaceChildren(made);
    table.hidden = rows.length === 0;
  };
  const resize = () => drawn.forEach((made) => made.resize());
  let waiting;
  window.addEventListener('resize', () => {
    clearTimeout(waiting);
    waiting = setTimeout(resize, 100);
  });
  // on paper a chart has the paper's width
  window.addEventListener('beforeprint', () => drawn.forEach((made) => made.resize({ width: 640 })));
  window.addEventListener('afterprint', resize);

  const known = (value) => value !== null && value !== undefined;
  const isNothing = (series) => !series.some((one) => one.values.some((value) => known(value) && value !== 0));

  // series over months (or any list of names): bars, stacked bars or lines
  site.series = (id, names, series, { kind = 'bar', stacked = false, unit = '', first = t.month, marks = null } = {}) => {
    site.tableOf(
      id,
      [first, ...series.map((one) => one.name)],
      names.map((name, index) => [name, ...series.map((one) => site.number(one.values[index], unit))]),
    );
    return site.chart(id, isNothing(series), {
      tooltip: { ...tooltip(), trigger: 'axis', axisPointer: { type: 'shadow' }, valueFormatter: (value) => site.number(value, unit) },
      legend: series.length > 1 ? { type: 'plain', top: 0, left: 0, textStyle: site.axisText(), itemWidth: 14, itemHeight: 10 } : { show: false },
      grid: { left: 8, right: 12, bottom: 4, top: series.length > 1 ? size() * (series.length > 4 ? 4.4 : 2.6) + (marks ? size() : 0) : 12, containLabel: true },
      xAxis: { type: 'category', data: names, axisLabel: { ...site.axisText(), hideOverlap: true }, axisLine: { lineStyle: { color: colour('--line') } }, axisTick: { show: false } },
      yAxis: { type: 'value', axisLabel: site.axisText(), splitLine: { lineStyle: { color: colour('--line-soft') } }, minInterval: unit === '%' ? undefined : 1 },
      series: series.map((one, index) => ({
        name: one.name,
        type: kind,
        data: one.values.map((value) => (known(value) ? value : null)),
        stack: stacked ? 'all' : undefined,
        barMaxWidth: size() * 2,
        itemStyle: one.colour ? { color: one.colour } : undefined,
        symbolSize: 6,
        markLine: index === 0 ? marks || undefined : undefined,
      })),
    });
  };

  // names down the side, the longest bar on top
  site.ranking = (id, names, series, { unit = '', first = '' } = {}) => {
    site.tableOf(
      id,
      [first, ...series.map((one) => one.name)],
      names.map((name, index) => [name, ...series.map((one) => site.number(one.values[index], unit))]),
    );
    const { chart } = holder(id);
    chart.style.height = `${Math.max(6, names.length * 1.9 + (series.length > 1 ? 4 : 2))}rem`;
    const isNarrow = chart.clientWidth < size() * 30;
    return site.chart(id, isNothing(series), {
      tooltip: { ...tooltip(), trigger: 'axis', axisPointer: { type: 'shadow' }, valueFormatter: (value) => site.number(value, unit) },
      legend: series.length > 1 ? { top: 0, left: 0, textStyle: site.axisText(), itemWidth: 14, itemHeight: 10 } : { show: false },
      grid: { left: 8, right: 36, bottom: 4, top: series.length > 1 ? size() * 2.4 : 8, containLabel: true },
      xAxis: { type: 'value', axisLabel: site.axisText(), splitLine: { lineStyle: { color: colour('--line-soft') } }, minInterval: 1 },
      yAxis: { type: 'category', inverse: true, data: names, axisLabel: { ...site.axisText(), color: colour('--ink'), width: size() * (isNarrow ? 7 : 13), overflow: 'truncate' }, axisTick: { show: false }, axisLine: { show: false } },
      series: series.map((one, index) => ({
        name: one.name,
        type: 'bar',
        stack: 'all',
        data: one.values,
        barMaxWidth: size() * 1.1,
        itemStyle: one.colour ? { color: one.colour } : undefined,
        label: series.length === 1 ? { show: true, position: 'right', color: colour('--ink'), fontSize: size() * 0.75, formatter: (point) => site.number(point.value, unit) } : undefined,
      })),
    });
  };

  // a KPI's last months under the filters
  site.trend = (id, codes, options = {}) => {
    const months = site.months();
    const [region, member] = [site.chosen('region'), site.chosen('member')];
    const series = codes.map(([code, name]) => ({
      name,
      values: months.map((month) => (site.value(code, month, region, member) || {}).value),
    }));
    return site.series(id, months, series, options);
  };
})();
