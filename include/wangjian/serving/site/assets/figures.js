// Filters and figures: looks values up in what the page holds, and never computes one.
'use strict';
(() => {
  const site = window.wangjian;
  const data = (site.data = site.read('data'));
  const t = (site.t = site.read('words'));
  const NOTHING = '—';

  // --- numbers as people read them
  const grouped = (value, digits) =>
    value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  site.number = (value, unit) => {
    if (value === null || value === undefined) return NOTHING;
    if (unit === '%') return grouped(value, 1) + '%';
    return grouped(value, Number.isInteger(value) ? 0 : 1);
  };

  // --- values: {value, numerator, denominator}; null where the figure is not counted by what is chosen
  site.value = (code, period, first, second = 'ALL') => {
    const kpi = data.kpis[code];
    const isSliced = (slice, member) => member === 'ALL' || !slice || kpi.by.includes(slice);
    const [firstSlice, secondSlice] = site.slices;
    if (!kpi.available || !isSliced(firstSlice, first) || !isSliced(secondSlice, second)) return null;
    const found = ((data.values[code] || {})[period] || {})[first];
    const value = found ? found[second] : undefined;
    if (Array.isArray(value)) return { numerator: value[0], denominator: value[1], value: value[2] };
    // nothing happened: a count is 0, a stock or a ratio is not known
    if (value === undefined || value === null) return { value: kpi.counts ? 0 : null };
    return { value };
  };
  site.slices = ['region_code', data.member];

  // --- periods
  const months = (data.periods || []).filter((period) => period.type === 'month').map((period) => period.code).sort();
  site.months = () => months.slice(-13);
  site.monthsOf = (period) => {
    if (period.length === 4) return months.filter((month) => month.startsWith(period));
    if (!period.includes('Q')) return [period];
    const last = Number(period.slice(5)) * 3;
    const inQuarter = [last - 2, last - 1, last].map((month) => `${period.slice(0, 4)}-${String(month).padStart(2, '0')}`);
    return months.filter((month) => inQuarter.includes(month));
  };

  // --- filters
  const form = document.getElementById('filters');
  const fields = [...form.elements].filter((field) => field.name);
  const valueOf = (field) => (field.type === 'checkbox' ? (field.checked ? '1' : '') : field.value);
  const setTo = (field, value) => {
    if (field.type === 'checkbox') field.checked = value === '1';
    else if (field.tagName !== 'SELECT' || [...field.options].some((option) => option.value === value)) field.value = value;
  };
  const rest = new Map();
  for (const field of fields) {
    rest.set(field.name, valueOf(field));
    // the third filter means something else on each page
    field.dataset.key = field.name === 'member' ? data.member : field.name;
    if (site.state.has(field.dataset.key)) setTo(field, site.state.get(field.dataset.key));
  }
  site.chosen = (name) => {
    const field = form.elements[name];
    return field ? valueOf(field) : 'ALL';
  };
  const changed = () => {
    fields.forEach((field) => site.remember(field.dataset.key, valueOf(field), rest.get(field.name)));
    site.draw();
  };
  form.addEventListener('input', changed);
  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('reset', () => setTimeout(changed));
  window.addEventListener('hashchange', () => location.reload());

  // --- figures in cards and rows
  const note = (kpi, found, isSmall) => {
    if (!kpi.available) return t.no_source;
    if (!found) return t.not_sliced;
    if (found.denominator === undefined) return '';
    const share = `${site.number(found.numerator)} / ${site.number(found.denominator)}`;
    return isSmall ? `${share} · ${t.small_base}` : share;
  };
  const fill = (place) => {
    const code = place.dataset.kpi;
    const kpi = data.kpis[code];
    const found = site.value(code, site.chosen('period'), site.chosen('region'), site.chosen('member'));
    place.querySelector('.value').textContent = site.number(found ? found.value : null, kpi.unit);
    const isSmall = found && found.denominator !== undefined && found.denominator < 5;
    place.querySelector('.note').textContent = note(kpi, found, isSmall);
    const spark = place.querySelector('.spark');
    if (spark) spark.replaceChildren(...sparkline(code));
  };

  // the last months as a thin line: where it goes, not how much
  const SVG = 'http://www.w3.org/2000/svg';
  const sparkline = (code) => {
    const values = site
      .months()
      .map((month) => (site.value(code, month, site.chosen('region'), site.chosen('member')) || {}).value);
    const known = values.filter((value) => value !== null && value !== undefined);
    if (known.length < 3) return [];
    const [low, high] = [Math.min(...known, 0), Math.max(...known)];
    const x = (index) => (index / (values.length - 1)) * 100;
    const y = (value) => 22 - ((value - low) / (high - low || 1)) * 20;
    const points = values.flatMap((value, index) => (value === null || value === undefined ? [] : [`${x(index)},${y(value)}`]));
    const picture = document.createElementNS(SVG, 'svg');
    picture.setAttribute('viewBox', '0 0 100 24');
    picture.setAttribute('preserveAspectRatio', 'none');
    const line = document.createElementNS(SVG, 'polyline');
    line.setAttribute('points', points.join(' '));
    picture.append(line);
    return [picture];
  };

  // --- tables
  site.element = (name, text, attributes = {}) => {
    const made = document.createElement(name);
    if (text !== undefined && text !== null) made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };
  site.table = (table, head, rows) => {
    const cells = (row, isHead) =>
      row.map((text, index) => {
        const name = isHead || index === 0 ? 'th' : 'td';
        const attributes = index === 0 ? {} : { class: 'n' };
        if (name === 'th') attributes.scope = isHead ? 'col' : 'row';
        return site.element(name, text, attributes);
      });
    const line = (row, isHead) => {
      const made = document.createElement('tr');
      made.append(...cells(row, isHead));
      return made;
    };
    const [top, body] = [document.createElement('thead'), document.createElement('tbody')];
    top.append(line(head, true));
    body.append(...rows.map((row) => line(row, false)));
    table.replaceChildren(top, body);
  };

  // --- drawing
  const parts = [];
  site.onDraw = (part) => parts.push(part);
  site.draw = () => {
    document.querySelectorAll('[data-kpi]').forEach(fill);
    parts.forEach((part) => part());
  };
  document.addEventListener('DOMContentLoaded', () => {
    site.watchers.push(() => parts.forEach((part) => part()));
    site.draw();
  });
})();
