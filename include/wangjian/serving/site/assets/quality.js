'use strict';
(() => {
  const site = window.wangjian;
  const { data } = site;
  site.onDraw(() => {
    const [source, month] = [site.chosen('source'), site.chosen('month')];
    for (const row of document.querySelectorAll('tr[data-source]')) {
      const isOther = source !== 'ALL' && row.dataset.source && row.dataset.source !== source;
      row.hidden = isOther || (month !== 'ALL' && row.dataset.month !== undefined && row.dataset.month !== month);
    }
    const card = document.querySelector('#scorecard');
    card.querySelector('.empty').hidden = [...card.querySelectorAll('tbody tr')].some((row) => !row.hidden);
  });
  site.onDraw(() => {
    const months = [...new Set(data.rows.map(([month]) => month))].sort().slice(-13);
    const sources = Object.entries(data.sources).filter(([code]) => ['ALL', code].includes(site.chosen('source')));
    const found = new Map(data.rows.map(([month, source, read, bad]) => [`${month} ${source}`, { read, bad }]));
    const of = (month, code) => found.get(`${month} ${code}`);
    site.series('quarantine-trend', months, sources.map(([code, name]) => ({
      name, values: months.map((month) => (of(month, code) || {}).bad),
    })), { stacked: true });
    site.tableOf('quarantine-trend', [site.t.month, ...sources.map(([, name]) => name)], months.map((month) => [month, ...sources.map(([code]) => {
      const cell = of(month, code);
      return cell ? `${site.number(cell.bad)} (${site.number(cell.read)})` : '—';
    })]));
  });
})();
