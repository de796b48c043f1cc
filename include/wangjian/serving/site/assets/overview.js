'use strict';
(() => {
  const site = window.wangjian;
  const { data, t } = site;
  const named = (codes) => codes.map((code) => [code, data.kpis[code].name]);
  site.onDraw(() => {
    const months = site.months();
    const [region, member] = [site.chosen('region'), site.chosen('member')];
    const kinds = Object.entries(data.members).filter(([code]) => member === 'ALL' || code === member);
    const series = kinds.map(([code, name]) => ({
      name,
      values: months.map((month) => (site.value(data.blocks.stock[0], month, region, code) || {}).value),
    }));
    const shown = series.filter((one) => one.values.some((value) => value));
    // months before the first roster have no stock
    const from = months.findIndex((month, index) => shown.some((one) => one.values[index]));
    const cut = Math.max(0, from);
    site.series('stock', months.slice(cut), shown.map((one) => ({ ...one, values: one.values.slice(cut) })), { stacked: true });
    site.trend('lead-trend', named(data.blocks.lead_trend));
    site.trend('case-trend', named(data.blocks.case_trend));
  });
})();
