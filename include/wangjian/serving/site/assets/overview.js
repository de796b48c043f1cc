'use strict';
(() => {
  const site = window.wangjian;
  const { data, t } = site;
  site.onDraw(() => {
    const months = site.months();
    const [region, member] = [site.chosen('region'), site.chosen('member')];
    const kinds = Object.entries(data.members).filter(([code]) => member === 'ALL' || code === member);
    const series = kinds.map(([code, name]) => ({
      name,
      values: months.map((month) => (site.value('K01', month, region, code) || {}).value),
    }));
    const shown = series.filter((one) => one.values.some((value) => value));
    // months before the first roster have no stock
    const from = months.findIndex((month, index) => shown.some((one) => one.values[index]));
    const cut = Math.max(0, from);
    site.series('stock', months.slice(cut), shown.map((one) => ({ ...one, values: one.values.slice(cut) })), { stacked: true });
    site.trend('lead-trend', [['K05_LEADS', data.kpis.K05_LEADS.name]]);
    site.trend('case-trend', [
      ['K11_FILED', data.kpis.K11_FILED.name],
      ['K11_DECIDED', data.kpis.K11_DECIDED.name],
    ]);
  });
})();
