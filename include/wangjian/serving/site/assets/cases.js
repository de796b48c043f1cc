'use strict';
(() => {
  const site = window.wangjian;
  const { data, t } = site;
  const named = (codes) => codes.map((code) => [code, data.kpis[code].name]);
  site.onDraw(() => {
    site.trend('stages', named(data.blocks.stages));
    site.trend('penalties', named(data.blocks.penalties));
  });
  const ranking = (id, members, valueOf, first) => {
    const codes = data.blocks.ranking;
    const found = Object.entries(members)
      .map(([code, name]) => [name, ...codes.map((kpi) => (valueOf(kpi, code) || {}).value || 0)])
      .filter(([, ...values]) => values.some((value) => value))
      .sort((a, b) => b[1] - a[1] || b[2] - a[2]);
    const names = codes.map((code) => data.kpis[code].name);
    site.ranking(id, found.map(([name]) => name), [{ name: names[0], values: found.map((row) => row[1]) }], { first });
    site.tableOf(id, [first, ...names], found.map(([name, ...values]) => [name, ...values.map((value) => site.number(value))]));
  };
  site.onDraw(() => {
    const [period, region, violation] = [site.chosen('period'), site.chosen('region'), site.chosen('member')];
    ranking('violations', data.members, (kpi, code) => site.value(kpi, period, region, code), t.violation);
    ranking('counties', data.regions, (kpi, code) => site.value(kpi, period, code, violation), t.region);
  });
  site.onDraw(() => {
    const codes = data.blocks.timeliness;
    const rows = site.monthsOf(site.chosen('period')).map((month) => [
      month,
      ...codes.map((code) => {
        const found = site.value(code, month, site.chosen('region'), site.chosen('member'));
        if (!found || found.denominator === undefined) return '—';
        return `${site.number(found.numerator)} / ${site.number(found.denominator)} · ${site.number(found.value, '%')}`;
      }),
    ]);
    site.table(document.querySelector('#timeliness table'), [t.month, ...codes.map((code) => data.kpis[code].name)], rows);
  });
  site.onDraw(() => {
    const rows = [...document.querySelectorAll('#open-items tbody tr')];
    rows.forEach((row) => {
      row.hidden = site.chosen('region') !== 'ALL' && row.dataset.region !== site.chosen('region');
    });
    document.querySelector('#open-items .empty').hidden = rows.some((row) => !row.hidden);
  });
})();
