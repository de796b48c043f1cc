'use strict';
(() => {
  const site = window.wangjian;
  const { data, t } = site;
  const fits = (region, violation) =>
    (site.chosen('region') === 'ALL' || region === site.chosen('region')) &&
    (site.chosen('member') === 'ALL' || violation === site.chosen('member'));
  const add = (sums, key, count) => sums.set(key, (sums.get(key) || 0) + count);

  // where the leads of the chosen months came from and went; each counts once, so months may be added up
  const flow = () => {
    const months = new Set(site.monthsOf(site.chosen('period')));
    const links = new Map();
    const nodes = new Map();
    for (const [month, region, violation, source, isReceived, status, outcome, count] of data.flow) {
      if (!months.has(month) || !fits(region, violation)) continue;
      const path = [
        `0 ${source}`,
        `1 ${isReceived ? 'received' : 'not_received'}`,
        `2 ${status}`,
        `3 ${outcome}`,
      ];
      path.forEach((node) => add(nodes, node, count));
      path.slice(1).forEach((node, index) => add(links, `${path[index]}\n${node}`, count));
    }
    return { nodes, links };
  };
  // late and overdue stand out; what turned out to be nothing is grey
  const colours = { OVERDUE: '--bad', LATE: '--series-3', RUNNING: '--series-2', ON_TIME: '--series-4', OPEN: '--series-2',
    UNFOUNDED: '--series-7', UNREACHABLE: '--series-7', DUPLICATE: '--series-7', NOT_JURISDICTION: '--series-7' };
  const colourOf = (node) => site.colour(colours[node.slice(2)] || '--series-1');
  site.onDraw(() => {
    const { nodes, links } = flow();
    const kinds = [data.codes.source, t, data.codes.verify_status, data.codes.outcome];
    const plain = (node) => kinds[Number(node[0])][node.slice(2)] || node.slice(2);
    const pairs = [...links].map(([key, count]) => [...key.split('\n'), count]);
    site.tableOf('flow', [t.flow, '→', data.kpis[data.blocks.flow[0]].unit], pairs.map(([from, to, count]) => [plain(from), plain(to), site.number(count)]));
    const chart = document.querySelector('#flow .chart');
    const isNarrow = chart.clientWidth < 600;
    const text = { color: site.colour('--ink'), fontSize: site.axisText().fontSize * (isNarrow ? 0.9 : 1.1) };
    site.chart('flow', nodes.size === 0, {
      tooltip: { confine: true, renderMode: 'richText', backgroundColor: site.colour('--paper'), borderColor: site.colour('--line'), textStyle: { color: site.colour('--ink') },
        formatter: (item) => item.dataType === 'edge' ? `${plain(item.data.source)} → ${plain(item.data.target)}: ${site.number(item.data.value)}` : `${plain(item.name)}: ${site.number(nodes.get(item.name))}` },
      series: [{
        type: 'sankey',
        left: 4,
        right: isNarrow ? 124 : 190,
        top: 8,
        bottom: 8,
        nodeWidth: isNarrow ? 8 : 14,
        nodeGap: 14,
        layoutIterations: 32,
        draggable: false,
        emphasis: { focus: 'adjacency' },
        data: [...nodes].map(([name, count]) => ({ name, value: count, depth: Number(name[0]), itemStyle: { color: colourOf(name) } })),
        links: pairs.map(([source, target, value]) => ({ source, target, value })),
        lineStyle: { color: 'source', opacity: 0.28, curveness: 0.5 },
        label: { ...text, formatter: (item) => (isNarrow && Number(item.name[0]) < 3 ? `${plain(item.name).slice(0, 9)}` : `${plain(item.name)}  ${site.number(nodes.get(item.name))}`) },
      }],
    });
  });

  site.onDraw(() => {
    const months = new Set(site.monthsOf(site.chosen('period')));
    const [onTime, late] = [new Map(), new Map()];
    let most = data.limit || 0;
    for (const [month, region, violation, days, wasLate, count] of data.duration) {
      if (!months.has(month) || !fits(region, violation)) continue;
      add(wasLate ? late : onTime, days, count);
      most = Math.max(most, days);
    }
    const days = Array.from({ length: most + 1 }, (_, day) => day);
    const marks = data.limit === null ? null : {
      symbol: 'none',
      silent: true,
      lineStyle: { color: site.colour('--bad'), type: 'dashed' },
      label: { formatter: t.limit, color: site.colour('--bad'), position: 'end', fontSize: site.axisText().fontSize },
      data: [{ xAxis: String(data.limit) }],
    };
    site.series('duration', days.map(String), [
      { name: t.on_time, values: days.map((day) => onTime.get(day) || 0), colour: site.colour('--series-1') },
      { name: t.late, values: days.map((day) => late.get(day) || 0), colour: site.colour('--bad') },
    ], { stacked: true, first: t.verify_duration, marks });
    site.trend('lead-trend', data.blocks.trend.map((code) => [code, data.kpis[code].name]));
  });

  site.onDraw(() => {
    const states = Object.keys(data.codes.watch_status);
    const organs = new Map();
    for (const [organ, region, state, count] of data.organs) {
      if (site.chosen('region') !== 'ALL' && region !== site.chosen('region')) continue;
      const name = organ || t.no_org;
      const counts = organs.get(name) || Object.fromEntries(states.map((one) => [one, 0]));
      counts[state] += count;
      organs.set(name, counts);
    }
    const sum = (counts) => states.reduce((total, state) => total + counts[state], 0);
    const ordered = [...organs].sort(([, a], [, b]) => b.OVERDUE - a.OVERDUE || sum(b) - sum(a));
    const colours = { OVERDUE: '--bad', DUE_SOON: '--series-3', OPEN: '--series-1' };
    site.ranking('organs', ordered.map(([name]) => name), states.map((state) => ({
      name: data.codes.watch_status[state],
      values: ordered.map(([, counts]) => counts[state]),
      colour: site.colour(colours[state]),
    })), { first: t.organ });
  });

  site.onDraw(() => {
    const [period, region] = [site.chosen('period'), site.chosen('region')];
    const [kpi] = data.blocks.violations;
    const found = Object.entries(data.members)
      .map(([code, name]) => [name, site.value(kpi, period, region, code).value])
      .filter(([, value]) => value)
      .sort(([, a], [, b]) => b - a);
    site.ranking('violations', found.map(([name]) => name), [{ name: data.kpis[kpi].name, values: found.map(([, value]) => value) }], { first: t.violation });
  });
})();
