// What every page has: the age of the data, printing, the wall screen, filters that go along to other pages.
'use strict';
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const site = { read, state: new URLSearchParams(location.hash.slice(1)), watchers: [] };
  window.wangjian = site;

  const publication = read('publication');
  const days = Math.max(0, Math.floor((Date.now() - Date.parse(publication.as_of + 'T00:00:00+08:00')) / 864e5) - 1);
  document.getElementById('age').textContent = publication.age.replace('{days}', days.toLocaleString('en'));
  document.getElementById('print').addEventListener('click', () => window.print());

  // what a page cannot use it hands on all the same, so that going back finds it again
  site.remember = (name, value, rest) => {
    if (value === rest) site.state.delete(name);
    else site.state.set(name, value);
    const hash = site.state.toString();
    history.replaceState(null, '', hash ? '#' + hash : location.pathname + location.search);
    keepFilters();
  };
  const keepFilters = () => {
    const hash = site.state.toString();
    for (const link of document.querySelectorAll('a[data-keeps-filters]')) {
      link.href = link.getAttribute('href').split('#')[0] + (hash ? '#' + hash : '');
    }
  };

  // the address keeps the filters: to skip to the content must not replace them
  document.querySelector('.skip').addEventListener('click', (event) => {
    event.preventDefault();
    document.getElementById('content').focus();
  });

  const wall = document.getElementById('wall');
  const showWall = (on) => {
    document.documentElement.dataset.mode = on ? 'wall' : 'desk';
    if (wall) wall.setAttribute('aria-pressed', String(on));
    site.watchers.forEach((watch) => watch());
  };
  if (wall) {
    wall.addEventListener('click', () => {
      const on = document.documentElement.dataset.mode !== 'wall';
      site.remember('wall', on ? '1' : '', '');
      showWall(on);
    });
  }
  showWall(site.state.get('wall') === '1');
  keepFilters();
})();
