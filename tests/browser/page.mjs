// As much of a browser as the snippet touches: one page with forms, storage that lasts from page to page, a clock that
// only moves when told, and a server that answers from a list.

import { readFileSync } from 'node:fs';
import vm from 'node:vm';

const SOURCE = readFileSync(new URL('../../functions/capture/src/page/embed.js', import.meta.url), 'utf8');

/** An element; `type`, `value`, `checked` and `disabled` are properties, the rest are attributes. */
export class Element {
  constructor(tag, attributes = {}, children = []) {
    this.tag = tag;
    this.attributes = new Map();
    this.children = [];
    this.style = {};
    this.textContent = '';
    this.disabled = false;
    for (const [name, value] of Object.entries(attributes)) {
      if (['value', 'checked', 'disabled', 'selectedOptions'].includes(name)) this[name] = value;
      else this.setAttribute(name, value);
    }
    if (tag === 'input' && this.value === undefined) this.value = '';
    children.forEach((child) => this.appendChild(child));
  }
  get id() { return this.getAttribute('id') ?? ''; }
  set id(value) { this.setAttribute('id', value); }
  get name() { return this.getAttribute('name') ?? ''; }
  get type() { return this.getAttribute('type') ?? (this.tag === 'button' ? 'submit' : this.tag === 'input' ? 'text' : this.tag); }
  getAttribute(name) { return this.attributes.get(name) ?? null; }
  setAttribute(name, value) { this.attributes.set(name, String(value)); }
  hasAttribute(name) { return this.attributes.has(name); }
  removeAttribute(name) { this.attributes.delete(name); }
  appendChild(child) { child.parent = this; this.children.push(child); return child; }
  remove() { this.parent.children.splice(this.parent.children.indexOf(this), 1); }
  insertAdjacentElement(where, element) {
    const at = this.parent.children.indexOf(this) + (where === 'afterend' ? 1 : 0);
    element.parent = this.parent;
    this.parent.children.splice(at, 0, element);
  }
  closest(tag) { return this.tag === tag ? this : this.parent ? this.parent.closest(tag) : null; }
  matches(selector) {
    if (selector !== ':disabled') throw new Error(`not understood: ${selector}`);
    return this.disabled;
  }
  all() { return this.children.flatMap((child) => [child, ...child.all()]); }
  querySelectorAll(selector) {
    const [, attribute] = /^\[([a-z-]+)\]$/.exec(selector);
    return this.all().filter((el) => el.hasAttribute(attribute));
  }
  querySelector(selector) { return this.querySelectorAll(selector)[0] ?? null; }
  focus() { Element.focused = this; }
}

export class Form extends Element {
  get elements() { return this.all().filter((el) => ['input', 'select', 'textarea', 'button'].includes(el.tag)); }
  reset() { this.wasReset = true; }
}

/** Storage as browsers have it; one that is blocked throws as soon as it is looked at. */
export class Storage {
  constructor() { this.kept = new Map(); }
  getItem(key) { return this.kept.get(key) ?? null; }
  setItem(key, value) { this.kept.set(key, String(value)); }
}

/** An answer of the server. */
export const answer = (status, body = null, headers = {}) => ({
  status,
  ok: status >= 200 && status < 300,
  headers: { get: (name) => headers[name] ?? null },
  json: async () => {
    if (body === null) throw new SyntaxError('not JSON');
    return body;
  },
});

/** Loads a page with the snippet on it. `answers` are what the server says in turn: an answer, 'lost' or 'silence'. */
export function open({
  href = 'https://www.acme.example/contact', referrer = '', session = new Storage(), local = new Storage(),
  settings = {}, form, answers = [], blocked = false, fetch: hasFetch = true, secure = true, scriptTag = true, times = 1,
}) {
  const clock = { now: Date.UTC(2026, 10, 22, 12), timers: [], waits: [] };
  const requests = [];
  const listeners = [];
  const src = 'https://api.acme.example/live/forms/demo/embed.js?v=1';
  const found = { src: scriptTag ? src.replace('live', 'other') : src };
  const document = {
    referrer,
    // Another script of the same form may stand on the page; the one that runs counts.
    currentScript: scriptTag ? { src } : null,
    querySelector: (selector) => (selector === 'script[src*="/forms/demo/embed.js"]' ? found : null),
    createElement: (tag) => new Element(tag),
    addEventListener: (kind, act) => listeners.push(act),
  };
  const location = { href, origin: new URL(href).origin, search: new URL(href).search, assign: (url) => { page.went = url; } };
  const window = { location, crypto: secure ? crypto : { getRandomValues: (bytes) => crypto.getRandomValues(bytes) } };
  for (const [area, storage] of [['sessionStorage', session], ['localStorage', local]]) {
    Object.defineProperty(window, area, { get: () => { if (blocked) throw new Error('SecurityError'); return storage; } });
  }
  if (hasFetch) {
    window.fetch = (url, options) => new Promise((resolve, reject) => {
      requests.push({ url, at: clock.now, ...options, data: JSON.parse(options.body) });
      const said = answers.shift() ?? answer(202, { submission_id: 'sub_1' });
      options.signal.addEventListener('abort', () => reject(new Error('AbortError')));
      if (said === 'lost') reject(new TypeError('Failed to fetch'));
      else if (said !== 'silence') resolve(said);
    });
  }
  const page = { requests, session, local, clock, form, window };
  const context = vm.createContext({
    window, document, URLSearchParams, AbortController, HTMLFormElement: Form,
    Date: { now: () => clock.now, parse: (text) => Date.parse(text) },
    setTimeout: (act, wait, ...args) => {
      const timer = { at: clock.now + wait, wait, act: () => act(...args) };
      clock.timers.push(timer);
      return timer;
    },
    clearTimeout: (timer) => { clock.timers = clock.timers.filter((other) => other !== timer); },
  });
  if (form) form.parent = form.parent ?? new Element('main', {}, [form]);
  const thanks = { message: 'Thank you <3', url: null };
  const whole = { form: 'demo', token: 'token-1', thanks, ...settings };
  const script = SOURCE.replace("'LEADLINE_SETTINGS'", () => JSON.stringify(whole));
  for (let i = 0; i < times; i += 1) vm.runInContext(script, context);
  page.listeners = listeners;

  /** Lets promises run, without moving the clock. */
  page.settle = () => new Promise((resume) => { setImmediate(resume); });
  /** The person sends the form; gives back whether the browser was kept from sending it by itself. */
  page.submit = (target = form, defaultPrevented = false) => {
    const event = { target, defaultPrevented, preventDefault() { this.defaultPrevented = true; } };
    listeners.forEach((act) => act(event));
    return event.defaultPrevented;
  };
  /** Runs until nothing is left to wait for. */
  page.finish = async () => {
    for (;;) {
      await page.settle();
      const next = clock.timers.sort((a, b) => a.at - b.at).shift();
      if (!next) return;
      clock.now = next.at;
      clock.waits.push(next.wait);
      next.act();
    }
  };
  page.status = () => form.querySelector('[data-leadline-status]')?.textContent;
  return page;
}
