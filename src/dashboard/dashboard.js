// The page at "/": one card per key, live by way of the browser library (rtbridge.js).
//
// Data flows one way: Connection -> reading() -> devices -> Board, and the board is painted at most
// once per animation frame, so the cost of painting does not grow with the number of messages.
// What devices send is not trusted: it reaches the page through textContent only, and every
// collection and every text has a bound.

import { connect } from './rtbridge.js';

const cardsMax = 500;  // further devices are counted, not shown
const devicesMax = 5000;  // further ones push out the device not heard for longest
const keepPlaceMs = 10_000;  // a card heard within this time is not replaced by another device
const staleAfterMs = 60_000;
const nameCharsMax = 200;
const textCharsMax = 40;
const valuesMax = 5;
const rateWindowS = 5;
const lowPercent = 20;
const statusTimeoutMs = 2_000;

const connectionTexts = { live: 'Live', connecting: 'Connecting', offline: 'Offline' };
const none = '–';
const noKey = '(no key)';
// The cookie of a login is not for scripts to see; this says that there may be one to log out of.
const loggedInMark = 'rtbridge-logged-in';

// --- From a message to a reading -----------------------------------------------------------------

const defaultFields = [{ key: 'userId', power: 'batteryPower', percent: 'batteryPercent' }];

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const nameOr = (value, fallback) => (typeof value === 'string' && value !== '' ? value : fallback);

// Where each rule of /api/status has the key, the power and the percent; '' = the rule has none.
function fieldsOf(status) {
    const rules = Array.isArray(status?.rules) ? status.rules.filter(isObject) : [];
    const fields = rules.map(({ key, key_path: path, battery }) => ({
        key: nameOr(path ?? key, ''),
        power: isObject(battery) ? nameOr(battery.power, defaultFields[0].power) : '',
        percent: isObject(battery) ? nameOr(battery.percent, defaultFields[0].percent) : '',
    }));
    return fields.length > 0 ? fields : defaultFields;
}

// The value under a dotted path; a field whose own name has dots wins.
function valueAt(body, path) {
    if (path === '') return undefined;
    if (Object.hasOwn(body, path)) return body[path];
    let value = body;
    for (const part of path.split('.')) {
        if (!isObject(value) || !Object.hasOwn(value, part)) return undefined;
        value = value[part];
    }
    return value;
}

const numberAt = (body, path) => {
    const value = valueAt(body, path);
    return Number.isFinite(value) ? value : null;
};

const shortened = (text, charsMax) =>
    text.length <= charsMax ? text : `${text.slice(0, charsMax)}… (${text.length} characters)`;

function keyAt(body, path) {
    const value = valueAt(body, path);
    const isKey = ['string', 'number', 'boolean'].includes(typeof value) && value !== '';
    return isKey ? shortened(String(value), nameCharsMax) : null;
}

// A message does not say which rule it comes from: the rule whose fields it has is taken.
function fieldsFor(body, fields) {
    const fit = ({ key, power }) =>
        (keyAt(body, key) === null ? 0 : 2) + (valueAt(body, power) === undefined ? 0 : 1);
    return fields.reduce((best, next) => (fit(next) > fit(best) ? next : best));
}

// What a card shows of a body. Without any battery field it shows the first plain values instead.
function reading(body, fields) {
    const names = fieldsFor(body, fields);
    const key = keyAt(body, names.key);
    const percent = numberAt(body, names.percent);
    const power = numberAt(body, names.power);
    const state = typeof body.state === 'string' ? shortened(body.state, textCharsMax) : null;
    const has = (path) => valueAt(body, path) !== undefined;
    const isBattery = has(names.percent) || has(names.power) || state !== null;
    const id = key === null ? noKey : JSON.stringify([names.key, key]);
    const values = isBattery ? [] : plainValues(body, names.key);
    return { id, name: key ?? noKey, percent, power, state, values };
}

const plainValues = (body, except) => Object.entries(body)
    .filter(([name, value]) => name !== except && (value === null || typeof value !== 'object'))
    .slice(0, valuesMax)
    .map((nameAndValue) => nameAndValue.map((part) => shortened(String(part), textCharsMax)));

const sameValues = (a, b) =>
    a.percent === b.percent && a.power === b.power && a.state === b.state &&
    JSON.stringify(a.values) === JSON.stringify(b.values);

// --- From a reading to text ----------------------------------------------------------------------

const formats = Object.fromEntries(['negative', 'exceptZero'].map((signDisplay) => {
    const format = (notation) => new Intl.NumberFormat(
        'en', { maximumFractionDigits: 1, useGrouping: false, signDisplay, notation });
    return [signDisplay, { usual: format('standard'), huge: format('scientific') }];
}));

function numberText(value, sign = 'negative') {
    const { usual, huge } = formats[sign];
    return (Math.abs(value) < 1e9 ? usual : huge).format(value).replaceAll('-', '−');
}

const percentText = (percent) => (percent === null ? none : `${numberText(percent)} %`);

function powerText(watts) {
    if (watts === null) return none;
    const [value, unit] = Math.abs(watts) > 10_000 ? [watts / 1000, 'kW'] : [watts, 'W'];
    return `${numberText(value, 'exceptZero')} ${unit}`;
}

function ageText(ms) {
    const s = Math.floor(ms / 1000);
    if (s < 5) return 'just now';
    if (s < 60) return `${s} s ago`;
    if (s < 3600) return `${Math.floor(s / 60)} min ago`;
    if (s < 86_400) return `${Math.floor(s / 3600)} h ago`;
    return `${Math.floor(s / 86_400)} d ago`;
}

// --- Cards ---------------------------------------------------------------------------------------

function setText(node, text) {
    if (node.textContent !== text) node.textContent = text;
}

class Card {
    #parts;

    constructor(template, device) {
        this.device = device;
        this.node = template.content.firstElementChild.cloneNode(true);
        this.#parts = Object.fromEntries(
            ['percent', 'state', 'power', 'age', 'charge', 'level', 'values']
                .map((name) => [name, this.node.querySelector(`[data-field=${name}], .${name}`)]));
        this.node.dataset.key = device.name;
        const heading = this.node.querySelector('h2');
        heading.textContent = device.name;
        heading.title = device.name;
    }

    show(now) {
        const { percent, power, state, values } = this.device;
        const parts = this.#parts;
        const level = Math.min(100, Math.max(0, percent ?? 0));
        const known = ['Charging', 'Discharging', 'Idle'].includes(state);
        this.node.dataset.state = known ? state.toLowerCase() : 'other';
        this.node.toggleAttribute('data-low', percent !== null && percent < lowPercent);
        setText(parts.percent, percentText(percent));
        setText(parts.state, state ?? none);
        setText(parts.power, powerText(power));
        parts.level.style.setProperty('--level', `${level}%`);
        parts.charge.hidden = parts.state.hidden = parts.power.hidden = values.length > 0;
        parts.values.hidden = values.length === 0;
        parts.values.replaceChildren(...values.map(([name, value]) => {
            const row = document.createElement('div');
            const term = row.appendChild(document.createElement('dt'));
            const detail = row.appendChild(document.createElement('dd'));
            term.textContent = name;
            detail.textContent = value;
            return row;
        }));
        this.showAge(now);
    }

    showAge(now) {
        const age = Math.max(0, now - this.device.at);
        setText(this.#parts.age, ageText(age));
        this.node.toggleAttribute('data-stale', age > staleAfterMs);
    }
}

// The cards on the page, in the order of their names, at most cardsMax of them.
class Board {
    #list;
    #template;
    #cards = new Map();  // id -> Card
    #order = [];  // the same cards as they stand on the page
    #filter = '';
    #collator = new Intl.Collator('en', { numeric: true });

    constructor(list, template) {
        this.#list = list;
        this.#template = template;
    }

    get size() { return this.#cards.size; }

    shows(device) { return device.name.toLowerCase().includes(this.#filter); }

    filterBy(text) { this.#filter = text.trim().toLowerCase(); }

    // A device without a card gets one while there is room; otherwise it waits for arrange().
    update(device, now) {
        let card = this.#cards.get(device.id);
        if (!card && this.size < cardsMax && this.shows(device)) card = this.#add(device);
        card?.show(now);
    }

    remove(device) {
        const card = this.#cards.get(device.id);
        if (!card) return;
        this.#cards.delete(device.id);
        this.#order.splice(this.#order.indexOf(card), 1);
        card.node.remove();
    }

    showAges(now) {
        for (const card of this.#cards.values()) card.showAge(now);
    }

    // Gives the places to the devices heard last. A card that is still being heard stays, or a page
    // with more devices than places would be a flicker. `devices`: least recently heard first.
    arrange(devices, now) {
        for (const { device } of [...this.#order]) if (!this.shows(device)) this.remove(device);
        const leaving = this.#order.map((card) => card.device)
            .filter((device) => now - device.at > keepPlaceMs).sort((a, b) => b.at - a.at);
        const waiting = devices
            .filter((device) => this.shows(device) && !this.#cards.has(device.id));
        for (const device of waiting.reverse()) {
            if (this.size >= cardsMax) {
                const oldest = leaving.pop();
                if (!oldest || oldest.at >= device.at) break;
                this.remove(oldest);
            }
            this.#add(device).show(now);
        }
    }

    #add(device) {
        const card = new Card(this.#template, device);
        let low = 0;
        let high = this.#order.length;
        while (low < high) {
            const middle = (low + high) >> 1;
            const order = this.#collator.compare(this.#order[middle].device.name, device.name);
            if (order <= 0) low = middle + 1;
            else high = middle;
        }
        this.#list.insertBefore(card.node, this.#order[low]?.node ?? null);
        this.#order.splice(low, 0, card);
        this.#cards.set(device.id, card);
        return card;
    }
}

// --- Connection ----------------------------------------------------------------------------------

// What the page's own query selects: /?userId=user-1 shows only that one. One subscription per key;
// none where the query has what no rule knows.
function selections() {
    const query = new URLSearchParams(location.search);
    const topics = query.getAll('topic');
    const snap = query.get('snapshot') !== '0';
    const selectors = [...query].filter(([name]) => !['topic', 'snapshot', 'token'].includes(name));
    const keyNames = fields.map(({ key }) => key.split('.').pop());
    if (!selectors.every(([name]) => keyNames.includes(name))) return [];
    if (selectors.length === 0) return [{ topics, snap }];
    return selectors.map(([keyName, key]) => ({ topics, snap, key, keyName }));
}

// One connection of the library at a time. Each has a number, and what an older one still has to
// say is ignored.
class Connection {
    #prepare;
    #on;
    #run = 0;
    #live = null;
    #reachable = false;

    // prepare(): runs before the first attempt and along with the others, and resolves to 'login'
    // where the server wants one first, otherwise to whether it answered at all.
    constructor(prepare, { message, refused, state }) {
        this.#prepare = prepare;
        this.#on = { message, refused, state };
        this.state = { value: 'connecting' };
    }

    // For whoever is logged in now.
    async connect() {
        const run = this.#end();
        this.#become({ value: 'connecting' });
        const selected = await this.#check(run) ? selections() : null;
        if (run !== this.#run || selected === null) return;
        if (selected.length === 0) {
            this.#become({ value: 'offline', refused: true });
            return;
        }

        const current = (action) => (...values) => { if (run === this.#run) action(...values); };
        const token = new URLSearchParams(location.search).get('token');
        this.#live = connect({
            getToken: token === null ? undefined : () => token,
            name: 'dashboard',
            onstatus: current((status, detail) => this.#follow(run, status, detail)),
        });
        const onstatus = current((status, detail) => {
            if (status === 'ended') this.#on.refused(detail);
        });
        for (const { topics, ...how } of selected) {
            this.#live.subscribe(topics, { ...how, onstatus }, current(this.#on.message));
        }
    }

    connectNow() {
        if (this.#live) this.#live.reconnect();
        else this.connect();
    }

    #end() {
        const run = ++this.#run;
        this.#live?.close();
        this.#live = null;
        return run;
    }

    // False where a login is wanted; the page is told.
    async #check(run) {
        this.#reachable = false;
        const answer = await this.#prepare();
        if (run !== this.#run) return false;
        this.#reachable = answer !== false;
        if (answer !== 'login') return true;
        this.#end();
        this.#become({ value: 'offline', login: true });
        return false;
    }

    #follow(run, status, detail) {
        if (status === 'connecting') {
            if (this.state.value !== 'connecting') this.#check(run);
            this.#become({ value: 'connecting' });
        } else if (status === 'open') {
            this.#become({ value: 'live', ahead: Date.now() - (detail.now ?? Date.now()) });
        } else if (status === 'waiting') {
            const refused = this.#reachable && this.state.value === 'connecting';
            this.#become({ value: 'offline', retryAt: Date.now() + detail.delay, refused });
        } else {
            this.#become({
                value: 'offline', ended: detail.reason || `closed with code ${detail.code}` });
            this.#check(run);
        }
    }

    #become(state) {
        this.state = state;
        this.#on.state(state);
    }
}

// --- The page ------------------------------------------------------------------------------------

const element = (id) => document.getElementById(id);
const board = new Board(element('cards'), element('card'));
const devices = new Map();  // id -> newest reading and when it came; least recently heard first
const changed = new Map();  // devices to paint in the next animation frame
const messageCounts = [0];  // per second, the running one last
let fields = defaultFields;
let forgotten = false;
let paintRequested = false;

function takeMessage({ data, ts, recovered }) {
    messageCounts[messageCounts.length - 1]++;
    if (isObject(data)) takeReading(reading(data, fields), ts, recovered);
}

// `ts`: when the broker got it, by the clock of the server.
function takeReading(values, ts, isSnapshot) {
    const now = Date.now();
    const known = devices.get(values.id);
    const isRepeat = isSnapshot && known && sameValues(known, values);
    const at = ts === undefined ? now : Math.min(now, ts + (connection.state.ahead ?? 0));
    const device = Object.assign(known ?? {}, values, { at: isRepeat ? known.at : at });
    devices.delete(device.id);
    devices.set(device.id, device);
    changed.set(device.id, device);
    if (devices.size > devicesMax) forget(devices.values().next().value);
    requestPaint();
}

function forget(device) {
    forgotten = true;
    devices.delete(device.id);
    changed.delete(device.id);
    board.remove(device);
}

function requestPaint() {
    if (paintRequested) return;
    paintRequested = true;
    requestAnimationFrame(paint);
}

function paint() {
    paintRequested = false;
    const now = Date.now();
    for (const device of changed.values()) board.update(device, now);
    changed.clear();
    showCounts();
}

function showCounts() {
    const filter = element('filter').value.trim();
    const matching = filter === ''
        ? devices.size : [...devices.values()].filter((device) => board.shows(device)).length;
    const hidden = matching - board.size;
    setText(element('device-count'), `${devices.size}${forgotten ? '+' : ''}`);
    setText(element('more'), `${hidden}${forgotten ? ' or more' : ''} more not shown`);
    element('more').hidden = hidden <= 0;
    element('empty').hidden = board.size > 0 || connection.state.login === true;
    element('empty-hint').hidden = devices.size > 0;
    setText(element('empty-text'), devices.size > 0
        ? `No device is named like “${filter}”` : 'Waiting for the first message');
}

function everySecond() {
    const now = Date.now();
    const rate = messageCounts.reduce((sum, count) => sum + count, 0) / messageCounts.length;
    setText(element('message-rate'), numberText(rate));
    messageCounts.push(0);
    if (messageCounts.length > rateWindowS) messageCounts.shift();
    board.showAges(now);
    board.arrange([...devices.values()], now);
    showCounts();
    showRetry();
}

function errorText(error, what = 'The server reports an error') {
    const text = isObject(error) ? error.msg ?? error.message ?? error.code : error;
    return `${what}: ${shortened(String(text), nameCharsMax)}`;
}

function showNote(text) {
    setText(element('note'), text);
    element('note').hidden = text === '';
}

function showConnection({ value, ended, refused, login = false }) {
    element('connection').dataset.connection = value;
    setText(element('connection'), connectionTexts[value]);
    element('retry-now').hidden = value !== 'offline' || login;
    if (login && element('login').hidden) forgetEverything();
    if (value !== 'connecting') element('login').hidden = !login;
    element('logout').hidden = value !== 'live' || !localStorage.getItem(loggedInMark);
    if (value === 'live') showNote('');
    if (ended !== undefined) showNote(`The server ended the connection: ${ended}`);
    if (refused) {
        showNote('The server answers but refuses live data. Is the query of this page’s address ' +
            'right, and may you see what it selects?');
    }
    showRetry();
}

function showRetry() {
    const { retryAt } = connection.state;
    element('retry').hidden = !retryAt;
    if (!retryAt) return;
    const seconds = Math.max(0, Math.ceil((retryAt - Date.now()) / 1000));
    setText(element('retry'), `retry in ${seconds} s`);
}

// What was shown belongs to whoever was logged in before.
function forgetEverything() {
    for (const device of [...devices.values()]) forget(device);
    forgotten = false;
    showCounts();
}

async function logIn(event) {
    event.preventDefault();
    element('login-now').disabled = true;
    try {
        const answer = await fetch('api/login', {
            method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: JSON.stringify({
                user: element('user').value, password: element('password').value }),
        });
        const body = await answer.json();
        showNote(answer.ok ? '' : errorText(body.error, 'No login'));
        if (answer.ok) {
            localStorage.setItem(loggedInMark, '1');
            element('login').reset();
            connection.connect();
        }
    } catch {
        showNote('No login: the server does not answer');
    } finally {
        element('login-now').disabled = false;
    }
}

async function logOut() {
    await fetch('api/logout', { method: 'POST' }).catch(() => {});
    localStorage.removeItem(loggedInMark);
    connection.connect();
}

// The rules may have changed while we were away. Without an answer the names known so far serve.
async function loadFields() {
    try {
        const signal = AbortSignal.timeout(statusTimeoutMs);
        const answer = await fetch('api/status', { cache: 'no-store', signal });
        const body = await answer.json().catch(() => null);
        if (answer.ok) fields = fieldsOf(body);
        return answer.status === 401 && body?.login === true ? 'login' : true;
    } catch {
        return false;
    }
}

const connection = new Connection(loadFields, {
    message: takeMessage,
    refused: (error) => showNote(errorText(error, 'The server refuses live data')),
    state: showConnection,
});
element('retry-now').addEventListener('click', () => connection.connectNow());
element('filter').addEventListener('input', ({ target }) => {
    board.filterBy(target.value);
    board.arrange([...devices.values()], Date.now());
    showCounts();
});
element('login').addEventListener('submit', logIn);
element('logout').addEventListener('click', logOut);
setInterval(everySecond, 1000);
connection.connect();
