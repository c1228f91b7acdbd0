// Leadline. Load it on every page, so that the first page of a visit is known when a form is sent from a later one:
//   <script async src="https://.../forms/FORM/embed.js"></script>
// and mark the form: <form data-leadline="FORM">. Its inputs carry the names of the playbook.
((settings) => {
  'use strict';
  const CAMPAIGN = ('utm_source utm_medium utm_campaign utm_term utm_content utm_id ' +
    'gclid gbraid wbraid fbclid msclkid ttclid li_fat_id twclid').split(' ');
  const win = window, doc = document, id = settings.form, states = new WeakMap();

  const loaded = win.leadlineForms = win.leadlineForms || {};
  if (loaded[id]) return;
  loaded[id] = true;

  // currentScript is null for a module or an injecting tag manager.
  const script = doc.currentScript || doc.querySelector(`script[src*="/forms/${id}/embed.js"]`);
  const target = script && script.src && script.src.replace(/embed\.js([?#].*)?$/, 'submissions');

  // Storage may be blocked or full, and reading the property alone may throw.
  const recall = (area, key) => {
    try { return JSON.parse(win[area].getItem(key)); } catch (e) { return null; }
  };
  const keep = (area, key, value) => {
    try { win[area].setItem(key, JSON.stringify(value)); } catch (e) { /* it is forgotten then */ }
  };

  const thisPage = () => {
    const page = { landing_page: win.location.href.split('#')[0].slice(0, 2000) };
    if (doc.referrer) page.referrer = doc.referrer.slice(0, 2000);
    const query = new URLSearchParams(win.location.search);
    CAMPAIGN.forEach((name) => { if (query.get(name)) page[name] = query.get(name).slice(0, 500); });
    return page;
  };
  // The visit's first page. A tab opened from our own pages goes on with the visit of the tab it came from.
  const inside = doc.referrer.indexOf(win.location.origin + '/') === 0;
  let first = recall('sessionStorage', 'leadline.visit') || (inside && recall('localStorage', 'leadline.visit'));
  if (!first || typeof first.landing_page !== 'string') first = thisPage();
  keep('sessionStorage', 'leadline.visit', first);
  keep('localStorage', 'leadline.visit', first);

  let visitor = recall('localStorage', 'leadline.visitor');
  if (!visitor || typeof visitor !== 'string') keep('localStorage', 'leadline.visitor', visitor = settings.token);

  const newKey = () => {
    // Only pages served over https have randomUUID.
    if (win.crypto.randomUUID) return win.crypto.randomUUID();
    return Array.from(win.crypto.getRandomValues(new Uint8Array(16)), (b) => (b + 256).toString(16).slice(1)).join('');
  };

  // Half of a cut emoji is no text that JSON can carry.
  const whole = (text) => Array.from(text, (c) => (/^[\ud800-\udfff]$/.test(c) ? '\ufffd' : c)).join('');
  const inputs = (form) => Array.from(form.elements);
  const extras = () => {
    const out = { _token: settings.token, _visitor: visitor };
    CAMPAIGN.concat('landing_page', 'referrer').forEach((name) => {
      if (typeof first[name] === 'string') out[name] = first[name];
    });
    return out;
  };
  const bodyOf = (form) => {
    const data = Object.create(null), more = extras();
    const add = (name, value) => { data[name] = name in data ? data[name] + ', ' + value : value; };
    inputs(form).forEach((el) => {
      const box = el.type === 'checkbox';
      if (!el.name || typeof el.value !== 'string' || el.matches(':disabled')) return;
      if (/^(submit|button|image|reset|file|output)$/.test(el.type)) return;
      if ((box || el.type === 'radio') && !el.checked) return;
      if (el.selectedOptions) Array.from(el.selectedOptions, (option) => add(el.name, whole(option.value)));
      else add(el.name, box && /^(on|true)$/.test(el.value) ? true : whole(el.value));
    });
    for (const name in more) if (!data[name] || name[0] === '_') data[name] = whole(more[name]);
    return JSON.stringify(data);
  };

  const make = (tag, attributes) => {
    const el = doc.createElement(tag);
    for (const name in attributes) el.setAttribute(name, attributes[name]);
    return el;
  };
  const say = (form, text) => {
    let line = form.querySelector('[data-leadline-status]');
    if (!line) {
      line = make('p', { 'data-leadline-status': '', role: 'status', class: 'leadline-status' });
      form.appendChild(line);
    }
    line.textContent = text;
  };
  const busy = (form, state, on) => {
    state.busy = on;
    form.setAttribute('aria-busy', on);
    if (on) state.stopped = inputs(form).filter((el) => /^(submit|image)$/.test(el.type) && !el.disabled);
    state.stopped.forEach((el) => { el.disabled = on; });
  };

  const described = (el, change) => {
    const ids = change((el.getAttribute('aria-describedby') || '').split(' ').filter(Boolean));
    if (ids.length) el.setAttribute('aria-describedby', ids.join(' '));
    else el.removeAttribute('aria-describedby');
  };
  const clear = (form) => {
    Array.from(form.querySelectorAll('[data-leadline-error]'), (note) => note.remove());
    inputs(form).filter((el) => el.hasAttribute('aria-invalid')).forEach((el) => {
      el.removeAttribute('aria-invalid');
      described(el, (ids) => ids.filter((other) => other !== el.id + '-error'));
    });
  };
  const mark = (el, index, detail) => {
    if (!el.id) el.id = `leadline-${id}-${index}`;
    const note = make('p', { id: el.id + '-error', class: 'leadline-error', 'data-leadline-error': '' });
    note.textContent = el.type === 'checkbox' ? 'Please tick this box' : detail;
    (el.closest('label') || el).insertAdjacentElement('afterend', note);
    el.setAttribute('aria-invalid', true);
    described(el, (ids) => ids.concat(note.id));
  };
  const refuse = (form, problem) => {
    const general = [];
    let worst;
    (problem.errors || []).forEach(({ field, detail }) => {
      const said = detail[0].toUpperCase() + detail.slice(1);
      const at = inputs(form).findIndex((el) => el.name === field && el.type !== 'hidden');
      if (at < 0) return general.push(said);
      mark(form.elements[at], at, said);
      worst = worst || form.elements[at];
    });
    if (worst) general.unshift('Please check the marked entries.');
    say(form, general.join(' ') || problem.detail || problem.title || 'This could not be sent.');
    if (worst) worst.focus();
  };
  const thank = (form) => {
    // An input named "reset" hides the method of the form.
    HTMLFormElement.prototype.reset.call(form);
    say(form, '');
    if (settings.thanks.url) return win.location.assign(settings.thanks.url);
    const box = make('div', { class: 'leadline-thanks', role: 'status', tabindex: -1 });
    form.insertAdjacentElement('beforebegin', box);
    form.style.display = 'none';
    box.textContent = settings.thanks.message;
    box.focus();
  };

  const pause = (attempt, asked) => {
    const own = Math.min(30000, 500 * 2 ** attempt) * (1 + Math.random()) / 2;
    return Math.max(own, (/^\d+$/.test(asked) ? asked * 1000 : Date.parse(asked) - Date.now()) || 0);
  };
  // An answer that will stay, or null after five more attempts, or when the server asks for more than two minutes.
  const post = async (form, state) => {
    for (let attempt = 0; ; attempt++) {
      const abort = new AbortController(), timer = setTimeout(() => abort.abort(), 20000);
      const response = await win.fetch(target, {
        method: 'POST',
        credentials: 'omit',
        headers: { 'Content-Type': 'application/json', 'Idempotency-Key': state.key },
        body: state.body,
        signal: abort.signal,
      }).catch(() => null);
      clearTimeout(timer);
      const status = response ? response.status : 500, asked = response && response.headers.get('Retry-After');
      if (status < 500 && status !== 429 && status !== 408 && !(status === 409 && asked)) return response;
      const wait = pause(attempt, asked);
      if (attempt === 5 || wait > 120000) return null;
      say(form, 'Still sending\u2026');
      await new Promise((resume) => setTimeout(resume, wait));
    }
  };
  const send = async (form, state) => {
    busy(form, state, true);
    say(form, 'Sending\u2026');
    const response = await post(form, state);
    const problem = response && !response.ok && await response.json().catch(() => null);
    busy(form, state, false);
    // Erased meanwhile: whoever presses the button again means a new one, which has a key of its own.
    if (response && response.status === 410) state.body = null;
    if (!response) say(form, 'This could not be sent just now. Your entries are still here: please try again later.');
    else if (response.ok) thank(form);
    else refuse(form, problem || {});
  };
  // Without fetch the browser sends the form by itself.
  const natively = (form) => {
    if (target) form.setAttribute('action', target);
    form.setAttribute('method', 'post');
    const more = extras();
    for (const name in more) {
      let input = inputs(form).find((el) => el.name === name);
      if (!input) form.appendChild(input = make('input', { type: 'hidden', name }));
      if (!input.value || name[0] === '_') input.value = more[name];
    }
  };

  // One listener for the page: it also serves forms that are added later.
  doc.addEventListener('submit', (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.getAttribute('data-leadline') !== id) return;
    if (!target || !win.fetch) return natively(form);
    event.preventDefault();
    const state = states.get(form) || {};
    if (state.busy) return;
    states.set(form, state);
    clear(form);
    // One key for one set of answers: sending them again is the same submission, mended answers are another.
    const body = bodyOf(form);
    if (state.body !== body) Object.assign(state, { body, key: newKey() });
    send(form, state);
  });
})('LEADLINE_SETTINGS');
