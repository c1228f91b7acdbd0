// The snippet for forms, in as much of a browser as it touches. Run: node --test tests/browser/*.test.mjs

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { answer, Element, Form, open, Storage } from './page.mjs';

const input = (name, value, more = {}) => new Element('input', { name, value, ...more });
const box = (name, checked, value = 'on') => new Element('input', { name, type: 'checkbox', checked, value });
const formOf = (...children) => new Form('form', { 'data-leadline': 'demo' }, [...children, new Element('button')]);
const simple = () => formOf(input('email', 'kim@x.example'));
const button = (form) => form.elements.find((el) => el.tag === 'button');

test('a form goes to the address beside the script, as JSON with a key and without cookies', async () => {
  for (const scriptTag of [true, false]) {
    const page = open({ form: simple(), scriptTag });
    assert.equal(page.submit(), true);
    await page.finish();
    const [sent, ...more] = page.requests;
    assert.equal(more.length, 0);
    assert.equal(sent.url, 'https://api.acme.example/live/forms/demo/submissions');
    assert.equal(sent.method, 'POST');
    assert.equal(sent.credentials, 'omit');
    assert.equal(sent.headers['Content-Type'], 'application/json');
    assert.match(sent.headers['Idempotency-Key'], /^[A-Za-z0-9_-]{16,128}$/);
    assert.equal(sent.data.email, 'kim@x.example');
    assert.equal(sent.data._token, 'token-1');
  }
});

test('every kind of input is sent as a person means it', async () => {
  const page = open({
    form: formOf(
      box('ticked', true), box('agreed', true, 'true'), box('open', false),
      box('topic', true, 'a'), box('topic', true, 'b'), box('topic', false, 'c'),
      new Element('input', { name: 'size', type: 'radio', checked: false, value: 's' }),
      new Element('input', { name: 'size', type: 'radio', checked: true, value: 'm' }),
      new Element('select', { name: 'many', value: 'x', selectedOptions: [{ value: 'x' }, { value: 'y' }] }),
      new Element('textarea', { name: 'message', value: 'cut \ud83d, whole \ud83d\ude80 <b>' }),
      input('__proto__', 'kept'), input('off', 'no', { disabled: true }), input('', 'nameless'),
      input('action', 'an input of that name'), new Element('input', { name: 'go', type: 'submit', value: 'Go' }),
    ),
  });
  page.submit();
  await page.finish();
  const { _token, _visitor, landing_page, ...sent } = JSON.parse(page.requests[0].body);
  assert.deepEqual(Object.entries(sent).sort(), [
    ['__proto__', 'kept'], ['action', 'an input of that name'], ['agreed', true], ['many', 'x, y'],
    ['message', 'cut \ufffd, whole \ud83d\ude80 <b>'], ['size', 'm'], ['ticked', true], ['topic', 'a, b'],
  ]);
});

test('the first page of the visit is sent from a later page', async () => {
  const session = new Storage();
  const local = new Storage();
  open({ href: 'https://www.acme.example/pricing?utm_source=news&utm_medium=mail&gclid=g1&x=1#top', referrer: 'https://search.example/', session, local });
  const page = open({ href: 'https://www.acme.example/contact?utm_source=other', referrer: 'https://www.acme.example/pricing', session, local, form: simple() });
  page.submit();
  await page.finish();
  const { data } = page.requests[0];
  assert.equal(data.landing_page, 'https://www.acme.example/pricing?utm_source=news&utm_medium=mail&gclid=g1&x=1');
  assert.equal(data.referrer, 'https://search.example/');
  assert.deepEqual([data.utm_source, data.utm_medium, data.gclid], ['news', 'mail', 'g1']);
  assert.equal('utm_campaign' in data, false);
  assert.equal('x' in data, false);
});

test('a new tab goes on with the visit when it comes from our own page, and begins one otherwise', async () => {
  const local = new Storage();
  open({ href: 'https://www.acme.example/?utm_source=first', local });
  const landing = async (referrer) => {
    const page = open({ href: 'https://www.acme.example/contact', referrer, session: new Storage(), local, form: simple() });
    page.submit();
    await page.finish();
    return [page.requests[0].data.landing_page, page.requests[0].data.utm_source];
  };
  assert.deepEqual(await landing('https://www.acme.example/'), ['https://www.acme.example/?utm_source=first', 'first']);
  assert.deepEqual(await landing('https://www.acme.example.evil.example/'), ['https://www.acme.example/contact', undefined]);
});

test('an input of the form goes before what the visit says', async () => {
  const page = open({ href: 'https://www.acme.example/?utm_source=news&utm_term=t', form: formOf(input('utm_source', 'fair'), input('utm_term', '')) });
  page.submit();
  await page.finish();
  assert.deepEqual([page.requests[0].data.utm_source, page.requests[0].data.utm_term], ['fair', 't']);
});

test('the first token stays the visitor, each page brings a fresh one', async () => {
  const local = new Storage();
  for (const token of ['token-1', 'token-2']) {
    const page = open({ local, settings: { token }, form: formOf(input('email', 'a'), input('_token', 'of the page')) });
    page.submit();
    await page.finish();
    assert.deepEqual([page.requests[0].data._visitor, page.requests[0].data._token], ['token-1', token]);
  }
});

test('storage that is blocked or holds rubbish keeps nobody from sending', async () => {
  const rubbish = new Storage();
  for (const key of ['leadline.visit', 'leadline.visitor']) rubbish.setItem(key, '{"landing_page":7');
  const wrong = new Storage();
  for (const key of ['leadline.visit', 'leadline.visitor']) wrong.setItem(key, '{"landing_page":7}');
  for (const more of [{ blocked: true }, { session: rubbish, local: rubbish }, { session: wrong, local: wrong }]) {
    const page = open({ ...more, form: simple() });
    page.submit();
    await page.finish();
    assert.equal(page.requests[0].data.landing_page, 'https://www.acme.example/contact');
    assert.equal(page.requests[0].data._visitor, 'token-1');
  }
});

test('a lost, refused or overloaded attempt is repeated with the same key and body', async () => {
  const answers = ['lost', answer(503), answer(500), answer(429), 'lost', answer(202)];
  const page = open({ form: simple(), answers });
  page.submit();
  await page.finish();
  assert.equal(page.requests.length, 6);
  assert.equal(new Set(page.requests.map((r) => r.headers['Idempotency-Key'])).size, 1);
  assert.equal(new Set(page.requests.map((r) => r.body)).size, 1);
  page.clock.waits.forEach((wait, n) => assert.ok(wait >= 250 * 2 ** n && wait <= 500 * 2 ** n, `wait ${n}: ${wait}`));
  assert.equal(page.clock.waits.length, 5);
  assert.equal(page.form.wasReset, true);
});

test('a request without any answer is given up and repeated', async () => {
  const page = open({ form: simple(), answers: ['silence', answer(202)] });
  page.submit();
  await page.finish();
  assert.equal(page.requests.length, 2);
  assert.ok(page.requests[1].at - page.requests[0].at >= 20_000);
  assert.equal(page.form.wasReset, true);
});

test('Retry-After is obeyed, in seconds and as a date', async () => {
  for (const asked of ['7', new Date(Date.UTC(2026, 10, 22, 12, 0, 7)).toUTCString()]) {
    const page = open({ form: simple(), answers: [answer(429, {}, { 'Retry-After': asked }), answer(202)] });
    page.submit();
    await page.finish();
    assert.deepEqual(page.clock.waits, [7000], asked);
  }
  // A key that is being worked on and a request that came too slowly are not refused for good.
  for (const said of [answer(409, {}, { 'Retry-After': '1' }), answer(408)]) {
    const page = open({ form: simple(), answers: [said, answer(202)] });
    page.submit();
    await page.finish();
    assert.equal(page.requests.length, 2);
  }
});

test('after six attempts, or when asked to wait for long, the person decides and the key stays', async () => {
  for (const [answers, attempts] of [[Array(6).fill('lost'), 6], [[answer(503, {}, { 'Retry-After': '3600' })], 1]]) {
    const page = open({ form: simple(), answers });
    page.submit();
    await page.finish();
    assert.equal(page.requests.length, attempts);
    assert.match(page.status(), /could not be sent just now/);
    assert.equal(button(page.form).disabled, false);
    assert.equal(page.form.wasReset, undefined);
    page.submit();
    await page.finish();
    const keys = page.requests.map((r) => r.headers['Idempotency-Key']);
    assert.equal(keys.length, attempts + 1);
    assert.equal(new Set(keys).size, 1, 'the lost ones may have arrived');
  }
});

test('other answers have another key, also where there is no randomUUID', async () => {
  for (const secure of [true, false]) {
    const page = open({ form: simple(), secure });
    const keys = [];
    for (const email of ['a@x.example', 'a@x.example', 'b@x.example']) {
      page.form.elements[0].value = email;
      page.submit();
      await page.finish();
      keys.push(page.requests.at(-1).headers['Idempotency-Key']);
    }
    assert.equal(keys[0], keys[1]);
    assert.notEqual(keys[1], keys[2]);
    keys.forEach((key) => assert.match(key, /^[A-Za-z0-9_-]{16,128}$/));
  }
});

test('what was erased meanwhile is sent under a new key when the person asks for it again', async () => {
  const page = open({ form: simple(), answers: [answer(410, { detail: 'It has been erased.' }), answer(202)] });
  page.submit();
  await page.finish();
  assert.equal(page.requests.length, 1, 'not by itself');
  assert.match(page.status(), /erased/);
  page.submit();
  await page.finish();
  const keys = page.requests.map((r) => r.headers['Idempotency-Key']);
  assert.equal(new Set(keys).size, 2);
  assert.equal(page.form.wasReset, true);
});

test('while one is on its way, the button rests and a second click does nothing', async () => {
  const page = open({ form: simple(), answers: ['silence'] });
  page.submit();
  await page.settle();
  assert.equal(button(page.form).disabled, true);
  assert.equal(page.form.getAttribute('aria-busy'), 'true');
  assert.equal(page.form.querySelector('[data-leadline-status]').getAttribute('role'), 'status');
  assert.equal(page.status(), 'Sending\u2026');
  assert.equal(page.submit(), true);
  await page.settle();
  assert.equal(page.requests.length, 1);
  await page.finish();
  assert.equal(button(page.form).disabled, false);
  assert.equal(page.form.getAttribute('aria-busy'), 'false');
});

test('thanks stand in the place of the form and are read out', async () => {
  const page = open({ form: simple() });
  page.submit();
  await page.finish();
  const [thanks, form] = page.form.parent.children;
  assert.equal(form, page.form);
  assert.equal(thanks.getAttribute('role'), 'status');
  assert.equal(thanks.textContent, 'Thank you <3');
  assert.equal(Element.focused, thanks);
  assert.equal(form.style.display, 'none');
  assert.equal(form.wasReset, true);
});

test('a thank-you page of the site is gone to', async () => {
  const page = open({ form: simple(), settings: { thanks: { message: 'x', url: 'https://www.acme.example/thanks' } } });
  page.submit();
  await page.finish();
  assert.equal(page.went, 'https://www.acme.example/thanks');
  assert.equal(button(page.form).disabled, false, 'for whoever comes back');
});

test('what is wrong stands beside its input, until it is sent again', async () => {
  const label = new Element('label', {}, [box('consent', false)]);
  const unseen = input('campaign', 'x', { type: 'hidden' });
  const form = formOf(input('email', 'kim@', { 'aria-describedby': 'hint', id: 'mail' }), input('company', ''), label, unseen);
  const problem = {
    title: 'Some inputs cannot be taken',
    errors: [
      { field: 'email', detail: 'not an e-mail address' }, { field: 'company', detail: 'this field is required' },
      { field: 'consent', detail: 'send `true`' }, { field: 'elsewhere', detail: 'something else' },
      { field: 'campaign', detail: 'nobody could see this.' },
    ],
  };
  const page = open({ form, answers: [answer(422, problem)] });
  page.submit();
  await page.finish();
  assert.equal(page.requests.length, 1, 'a refusal is final');
  const [mail, mailError, company, companyError, consentLabel, consentError] = form.children;
  assert.equal(consentLabel, label);
  assert.deepEqual(
    [mailError, companyError, consentError].map((el) => el.textContent),
    ['Not an e-mail address', 'This field is required', 'Please tick this box'],
  );
  assert.equal(mail.getAttribute('aria-invalid'), 'true');
  assert.equal(mail.getAttribute('aria-describedby'), `hint ${mailError.id}`);
  assert.equal(company.getAttribute('aria-describedby'), companyError.id);
  assert.equal(new Set(form.all().filter((el) => el.id).map((el) => el.id)).size, 6);
  assert.equal(page.status(), 'Please check the marked entries. Something else Nobody could see this.');
  assert.equal(Element.focused, mail);
  assert.equal(button(form).disabled, false);

  mail.value = 'kim@x.example';
  page.submit();
  await page.finish();
  assert.equal(form.querySelectorAll('[data-leadline-error]').length, 0);
  assert.equal(mail.getAttribute('aria-describedby'), 'hint');
  assert.equal(company.hasAttribute('aria-describedby') || company.hasAttribute('aria-invalid'), false);
  const keys = page.requests.map((r) => r.headers['Idempotency-Key']);
  assert.notEqual(keys[0], keys[1], 'mended answers are another submission');
});

test('a refusal without words is still told', async () => {
  for (const [said, shown] of [
    [answer(403), 'This could not be sent.'],
    [answer(413, { title: 'Too large', detail: 'At most 64 KB.' }), 'At most 64 KB.'],
    [answer(404, { title: 'No such form' }), 'No such form'],
  ]) {
    const page = open({ form: simple(), answers: [said] });
    page.submit();
    await page.finish();
    assert.equal(page.status(), shown);
    assert.equal(page.requests.length, 1);
  }
});

test('without fetch the browser sends the form by itself, with everything we know', () => {
  const form = formOf(input('email', 'a'), input('_token', 'of the page'));
  const page = open({ href: 'https://www.acme.example/?gclid=g1', form, fetch: false });
  assert.equal(page.submit(), false);
  assert.equal(form.getAttribute('action'), 'https://api.acme.example/live/forms/demo/submissions');
  assert.equal(form.getAttribute('method'), 'post');
  const values = form.elements.filter((el) => el.name).map((el) => [el.name, el.value]);
  assert.deepEqual(values, [
    ['email', 'a'], ['_token', 'token-1'], ['_visitor', 'token-1'], ['gclid', 'g1'],
    ['landing_page', 'https://www.acme.example/?gclid=g1'],
  ]);
});

test('other forms, stopped events and a second copy of the script change nothing', async () => {
  const page = open({ form: simple(), times: 2 });
  assert.equal(page.listeners.length, 1);
  assert.equal(page.submit(new Form('form', { 'data-leadline': 'other' })), false);
  assert.equal(page.submit(new Form('form')), false);
  page.submit(page.form, true);
  await page.finish();
  assert.equal(page.requests.length, 0);
});
