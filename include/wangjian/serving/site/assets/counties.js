'use strict';
(() => {
  const site = window.wangjian;
  const { data, t } = site;
  echarts.registerMap('ganzhou', window.ganzhou);

  // the shades are quarters of the way from nothing to the greatest: they carry order, the table the numbers
  const pieces = (values, unit) => {
    const greatest = Math.max(0, ...values);
    if (!greatest) return [];
    const isWhole = unit !== '%' && values.every(Number.isInteger);
    const bound = (share) => (isWhole ? Math.ceil((greatest * share) / 5) : (greatest * share) / 5);
    const bounds = [...new Set([0, 1, 2, 3, 4, 5].map(bound))];
    return bounds.slice(1).map((upper, index) => ({
      gte: index === 0 ? 0 : undefined,
      gt: index === 0 ? undefined : bounds[index],
      lte: upper,
      label: `${site.number(bounds[index], unit)} – ${site.number(upper, unit)}`,
    }));
  };
  site.onDraw(() => {
    const code = site.chosen('kpi');
    const kpi = data.kpis[code];
    const found = Object.entries(data.regions).map(([region, name]) => ({
      region, name, ...(site.value(code, site.chosen('period'), region, site.chosen('member')) || { value: null }),
    }));
    const values = found.map((row) => row.value).filter((value) => value !== null);
    const unit = kpi.unit === '%' ? '%' : '';
    const shades = [1, 2, 3, 4, 5].map((number) => site.colour(`--shade-${number}`));
    const steps = pieces(values, unit);
    const isNarrow = document.querySelector('#map .chart').clientWidth < 560;
    const made = site.chart('map', false, {
      tooltip: { confine: true, renderMode: 'richText', backgroundColor: site.colour('--paper'), borderColor: site.colour('--line'), textStyle: { color: site.colour('--ink') },
        formatter: (item) => `${data.regions[item.name]} ${item.name}\n${kpi.name}: ${site.number(item.data ? item.data.value : null, unit)} ${unit ? '' : kpi.unit}` },
      visualMap: { type: 'piecewise', show: steps.length > 0, pieces: steps.map((step, index) => ({ ...step, color: shades[Math.round((index * 4) / Math.max(1, steps.length - 1))] })), left: 0, top: 0, textStyle: site.axisText(), itemWidth: 16, itemHeight: 12, outOfRange: { color: site.colour('--shade-0') } },
      series: [{
        type: 'map',
        map: 'ganzhou',
        nameProperty: 'name',
        aspectScale: 0.9,
        layoutCenter: ['54%', '50%'],
        layoutSize: '98%',
        selectedMode: false,
        // what a place is called comes from the data, never from the map
        label: { show: true, color: site.colour('--ink'), fontSize: site.axisText().fontSize * (isNarrow ? 0.85 : 1), textBorderColor: site.colour('--paper'), textBorderWidth: 2, formatter: (item) => data.regions[item.name] || item.name },
        itemStyle: { areaColor: site.colour('--shade-0'), borderColor: site.colour('--ink-soft'), borderWidth: 0.6 },
        emphasis: { label: { color: site.colour('--ink') }, itemStyle: { areaColor: site.colour('--accent-soft') } },
        data: found.map((row) => ({ name: row.region, value: row.value })),
      }],
    });
    if (made) document.getElementById('map').dataset.counties = String(window.ganzhou.features.length);

    document.getElementById('shaded').textContent = `${kpi.name}${unit ? '' : ` (${kpi.unit})`}`;
    const greatest = Math.max(0, ...values);
    const ordered = [...found].sort((a, b) => (b.value ?? -1) - (a.value ?? -1) || a.region.localeCompare(b.region));
    const lines = ordered.map((row, index) => {
      const line = site.element('tr', null, { 'data-region': row.region });
      const known = row.value !== null && row.value !== undefined;
      const bar = site.element('td', null, { class: 'bar', 'aria-hidden': 'true' });
      const fill = site.element('span');
      fill.style.width = known && greatest ? `${(row.value / greatest) * 100}%` : '0';
      bar.append(fill);
      line.append(
        site.element('td', known ? index + 1 : '—', { class: 'n' }),
        site.element('th', row.name, { scope: 'row', class: 'd' }),
        site.element('td', row.region),
        site.element('td', site.number(row.value, unit), { class: 'n' }),
        site.element('td', row.denominator === undefined ? '' : `${site.number(row.numerator)} / ${site.number(row.denominator)}`, { class: 'n' }),
        bar,
      );
      return line;
    });
    document.querySelector('#county-table tbody').replaceChildren(...lines);
  });
})();
