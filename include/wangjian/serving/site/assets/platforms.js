'use strict';
(() => {
  const site = window.wangjian;
  const { data, t } = site;
  site.slices = ['platform_code', 'provider_code'];
  const rows = [...document.querySelectorAll('#profiles tbody tr')];
  const body = document.querySelector('#profiles tbody');

  const isShown = (row) =>
    (site.chosen('type') === 'ALL' || row.dataset.type === site.chosen('type')) &&
    (site.chosen('local') !== '1' || row.dataset.local === '1') &&
    row.querySelector('th button').textContent.toLowerCase().includes(site.chosen('search').trim().toLowerCase());
  site.onDraw(() => {
    rows.forEach((row) => { row.hidden = !isShown(row); });
    const shown = rows.filter((row) => !row.hidden).length;
    document.getElementById('count').textContent = t.platform_count.replace('{shown}', shown).replace('{all}', rows.length);
    document.querySelector('#profiles .empty').hidden = shown > 0;
  });

  // sorting by a column: numbers from the greatest, names from the first
  const heads = [...document.querySelectorAll('#profiles thead th')];
  const textOf = (row, index) => row.cells[index].textContent.trim();
  const numberOf = (row, index) => {
    const value = parseFloat(textOf(row, index).replaceAll(',', ''));
    return Number.isNaN(value) ? -Infinity : value;
  };
  heads.forEach((head, index) => {
    head.querySelector('button').addEventListener('click', () => {
      const isNumeric = head.classList.contains('n');
      const first = isNumeric ? 'descending' : 'ascending';
      const order = head.getAttribute('aria-sort') === first ? (isNumeric ? 'ascending' : 'descending') : first;
      heads.forEach((other) => other.removeAttribute('aria-sort'));
      head.setAttribute('aria-sort', order);
      const sign = order === 'ascending' ? 1 : -1;
      const compare = isNumeric
        ? (a, b) => sign * (numberOf(a, index) - numberOf(b, index) || 0)
        : (a, b) => sign * textOf(a, index).localeCompare(textOf(b, index), 'zh');
      body.append(...[...rows].sort(compare));
    });
  });

  const show = (code) => {
    document.getElementById('chosen-name').textContent = data.platforms[code] || t.choose_platform;
    document.querySelector('#chosen .grid').hidden = !data.platforms[code];
    rows.forEach((row) => row.querySelector('.choose').setAttribute('aria-pressed', String(row.dataset.platform === code)));
    if (!data.platforms[code]) return;
    const months = site.months();
    for (const kpi of data.blocks.charts) {
      const values = months.map((month) => (site.value(kpi, month, code) || {}).value);
      const unit = data.kpis[kpi].unit === '%' ? '%' : '';
      site.series(`platform-${kpi}`, months, [{ name: data.kpis[kpi].name, values }], { unit, kind: unit ? 'line' : 'bar' });
    }
  };
  rows.forEach((row) => row.querySelector('.choose').addEventListener('click', () => {
    site.remember('platform', row.dataset.platform, '');
    show(row.dataset.platform);
    document.getElementById('chosen').scrollIntoView({ block: 'nearest' });
  }));
  site.onDraw(() => show(site.state.get('platform')));
})();
