// The page at "/" in a real browser.
//
// Runs against the broker of RTBRIDGE_URL and RTBRIDGE_MQTT_URL where both are set, otherwise
// against one of its own. RTBRIDGE_ARTIFACTS says where the screenshots go.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import mqtt from 'mqtt';

import { launchChromium, openDashboard, shows } from './dashboard_page.mjs';
import { launchBroker } from './harness.mjs';

const artifacts = process.env.RTBRIDGE_ARTIFACTS ??
    fileURLToPath(new URL('../../build/artifacts', import.meta.url));

const startOrUseBroker = async () => {
    const { RTBRIDGE_URL: httpUrl, RTBRIDGE_MQTT_URL: mqttUrl } = process.env;
    if (httpUrl && mqttUrl) return { httpUrl, mqttUrl, stop: () => {} };
    const broker = await launchBroker();
    return { httpUrl: broker.httpUrl, mqttUrl: broker.mqttUrl, stop: () => broker.remove() };
};

// A server of rtbridge.v1 behind a WebSocket of the page.
function play(route, talk, n) {
    let offset = n * 10_000;
    const reply = (re, ok) => route.send(JSON.stringify({ re, ok }));
    const send = (payload) => {
        let body = `"x":${JSON.stringify(payload)}`;
        try {
            JSON.parse(payload);
            body = `"d":${payload}`;
        } catch { /* no JSON */ }
        route.send(`{"s":1,"t":"t","o":${++offset},"r":1,${body}}`);
    };
    route.onMessage((text) => {
        const { id, op } = JSON.parse(text);
        if (op === 'hello') reply(id, { epoch: `e${n}`, offset, ping: 3600 });
        if (op !== 'sub') return;
        reply(id, { sub: 1, offset, recovered: n === 1 ? 'new' : 'none' });
        talk({ send, close: (why) => route.close(why) }, n);
        route.send(`{"s":1,"eos":${offset}}`);
    });
}

describe('the page at /', () => {
    let broker;
    let browser;
    let device;

    before(async () => {
        broker = await startOrUseBroker();
        browser = await launchChromium();
        device = await mqtt.connectAsync(broker.mqttUrl);
        await mkdir(artifacts, { recursive: true });
    });
    after(async () => {
        await device?.endAsync();
        await browser?.close();
        await broker?.stop();
    });

    const publishBattery = (userId, batteryPercent, batteryPower) => device.publishAsync(
        'battery/topic', JSON.stringify({ userId, batteryPercent, batteryPower }), { qos: 1 });

    // Runs `body` with an open page and holds that nothing went wrong on it.
    const onPage = (options, body) => async () => {
        const dashboard = await openDashboard(browser, broker.httpUrl, options);
        try {
            await body(dashboard);
            assert.deepEqual(dashboard.trouble, []);
        } finally {
            await dashboard.close();
        }
    };

    // A page whose live connection is played by the test: `talk(socket, n)` is told of the nth one
    // once it is open. What it sends are payloads, which go out as newest values.
    const withSocket = (talk, options = {}) => ({
        ...options,
        prepare: async (page) => {
            let n = 0;
            await page.routeWebSocket(/\/ws(\?|$)/, (route) => play(route, talk, ++n));
            await options.prepare?.(page);
        },
    });
    const sends = (...payloads) => withSocket((socket) => {
        for (const payload of payloads) {
            socket.send(typeof payload === 'string' ? payload : JSON.stringify(payload));
        }
    });

    test('shows a battery that charges, then discharges', onPage({}, async (dashboard) => {
        await dashboard.connection('live');

        await publishBattery('user-1', 80, 1200);
        await shows(dashboard.field('user-1', 'percent'), '80 %');
        await shows(dashboard.field('user-1', 'state'), 'Charging');
        await shows(dashboard.field('user-1', 'power'), '+1200 W');
        await shows(dashboard.field('user-1', 'age'), 'just now');

        await publishBattery('user-1', 40, -500);
        await shows(dashboard.field('user-1', 'percent'), '40 %');
        await shows(dashboard.field('user-1', 'state'), 'Discharging');
        await shows(dashboard.field('user-1', 'power'), '−500 W');
        await dashboard.page.screenshot({ path: join(artifacts, 'dashboard.png') });
    }));

    test('shows the newest value of a device that published before', onPage(
        { prepare: () => publishBattery('user-early', 55, 0) },
        async (dashboard) => {
            await shows(dashboard.field('user-early', 'percent'), '55 %');
            await shows(dashboard.field('user-early', 'state'), 'Idle');
        }));

    test('passes its query on: one user, one card', onPage(
        { query: '?userId=user-2' },
        async (dashboard) => {
            await dashboard.connection('live');

            await publishBattery('user-1', 10, 1);
            await publishBattery('user-2', 20, 2);

            await shows(dashboard.field('user-2', 'percent'), '20 %');
            assert.equal(await dashboard.cards.count(), 1);
        }));

    test('shows markup in a name as text and runs nothing', onPage({}, async (dashboard) => {
        const name = '<img src=x onerror=alert(1)>';
        await dashboard.connection('live');

        await publishBattery(name, 50, 1);

        await shows(dashboard.card(name).locator('h2'), name);
        assert.equal(await dashboard.page.locator('img').count(), 0);
    }));

    test('looks right in light, dark and on a phone', async () => {
        for (const battery of [['user-1', 80, 1200], ['user-2', 43, -640], ['user-3', 97, 0],
                               ['user-4', 12, -11_400]]) {
            await publishBattery(...battery);
        }
        for (const [name, options] of Object.entries({
            light: { colorScheme: 'light' },
            dark: { colorScheme: 'dark' },
            phone: { colorScheme: 'light', viewport: { width: 390, height: 844 } },
        })) {
            await onPage({ reducedMotion: 'reduce', ...options }, async ({ page, field }) => {
                await shows(field('user-4', 'power'), '−11.4 kW');
                const overflow = await page.evaluate(
                    () => document.documentElement.scrollWidth - innerWidth);
                assert.ok(overflow <= 0, `${name}: ${overflow} px wider than the screen`);
                await page.screenshot({ path: join(artifacts, `dashboard-${name}.png`) });
            })();
        }
    });

    test('decides what to show of unusual values', onPage(
        sends({ userId: 'no percent', batteryPower: 5, state: 'Charging' },
              { userId: 'text', batteryPercent: '80', batteryPower: null, state: 7 },
              '{"userId":"infinite","batteryPercent":1e999,"batteryPower":-1e999}',
              { userId: 'huge', batteryPercent: 1e300, batteryPower: -1e300, state: 'Discharging' },
              { userId: 'tiny', batteryPercent: 0.04, batteryPower: -0.04, state: 'Discharging' },
              { userId: 'ten', batteryPercent: 79.56, batteryPower: 10_000, state: 'Charging' },
              { userId: 'more', batteryPercent: -5, batteryPower: 10_001, state: 'Boiling' },
              { userId: 7, batteryPercent: 1, batteryPower: 1, state: 'Charging' },
              { userId: { a: 1 }, batteryPercent: 2, batteryPower: 0, state: 'Idle' },
              '{"__proto__":{"userId":"ghost"},"userId":"own","batteryPercent":3}'),
        async ({ page, field, cards }) => {
            for (const [key, percent, power, state] of [
                ['no percent', '–', '+5 W', 'Charging'],
                ['text', '–', '–', '–'],
                ['infinite', '–', '–', '–'],
                ['huge', '1E300 %', '−1E297 kW', 'Discharging'],
                ['tiny', '0 %', '0 W', 'Discharging'],
                ['ten', '79.6 %', '+10000 W', 'Charging'],
                ['more', '−5 %', '+10 kW', 'Boiling'],
                ['7', '1 %', '+1 W', 'Charging'],
                ['(no key)', '2 %', '0 W', 'Idle'],
                ['own', '3 %', '–', '–'],
            ]) {
                for (const [name, text] of Object.entries({ percent, power, state })) {
                    await shows(field(key, name), text);
                }
            }
            assert.equal(await cards.count(), 10);
            assert.equal(await page.evaluate(() => ({}).userId), undefined);
        }));

    test('shows the plain values of a device that is no battery', onPage(
        sends({ userId: 'sensor', temperature: 21.5, ok: true, deep: { x: 1 }, list: [1] }),
        async ({ card }) => {
            await shows(card('sensor').locator('dl'), 'temperature21.5oktrue');
        }));

    test('bounds a long name', onPage(
        sends({ userId: 'x'.repeat(60_000), batteryPower: 1 }),
        async ({ page }) => {
            await shows(page.locator('h2'), `${'x'.repeat(200)}… (60000 characters)`);
        }));

    test('ignores what is not a JSON object', onPage(
        sends('', 'no json', '[1]', '"text"', '7', 'null', '{"userId":"cut',
              { userId: 'last', batteryPercent: 1, batteryPower: 1, state: 'Charging' }),
        async (dashboard) => {
            await shows(dashboard.field('last', 'percent'), '1 %');
            assert.equal(await dashboard.cards.count(), 1);
        }));

    test('shows why the server refuses a subscription', onPage(
        {
            prepare: (page) => page.routeWebSocket(/\/ws$/, (route) => route.onMessage((text) => {
                const { id, op } = JSON.parse(text);
                route.send(JSON.stringify(op === 'hello'
                    ? { re: id, ok: { epoch: 'e', offset: 0, ping: 3600 } }
                    : { re: id, err: { code: 'forbidden', n: 103, msg: 'no access', retry: false } }));
            })),
        },
        async ({ page, cards }) => {
            await shows(page.getByRole('alert'), 'The server refuses live data: no access');
            assert.equal(await cards.count(), 0);
        }));

    test('takes the names of the fields from the rules', onPage(
        {
            prepare: async (page) => {
                await page.route('**/api/status', (route) => route.fulfill({ json: { rules: [
                    { name: 'a', topics: ['a/#'], key: 'device', battery: null },
                    { name: 'b', topics: ['b/#'], key: 'plant',
                      battery: { power: 'dc.w', percent: 'bms.soc' } },
                ] } }));
                await sends({ plant: 'p', bms: { soc: 61 }, 'dc.w': 300, state: 'Charging' },
                            { device: 'd', on: true }).prepare(page);
            },
        },
        async ({ field, card }) => {
            await shows(field('p', 'percent'), '61 %');
            await shows(field('p', 'power'), '+300 W');
            await shows(card('d').locator('dl'), 'ontrue');
        }));

    test('falls back to the usual names where the status is missing or odd', async () => {
        for (const answer of [{ status: 404, body: '' }, { status: 200, body: 'no json' },
                              { json: { rules: 'none' } }, { json: { rules: [7, null] } },
                              { json: null }]) {
            await onPage(
                {
                    prepare: async (page) => {
                        await page.route('**/api/status', (route) => route.fulfill(answer));
                        await sends({ userId: 'u', batteryPercent: 5, batteryPower: 6 })
                            .prepare(page);
                    },
                },
                ({ field }) => shows(field('u', 'percent'), '5 %'))();
        }
    });

    test('filters by name', onPage(
        sends(...['north-1', 'north-2', 'south-1'].map((userId) => ({ userId, batteryPower: 1 }))),
        async ({ page, cards, card }) => {
            await card('south-1').waitFor();

            await page.getByRole('searchbox').fill('NORTH');
            assert.equal(await cards.count(), 2);
            await page.getByRole('searchbox').fill('west');
            await page.getByText('No device is named like “west”').waitFor();
            await page.getByRole('searchbox').fill('');
            assert.equal(await cards.count(), 3);
        }));

    test('shows 500 cards at most and finds the others by name', onPage(
        sends(...Array.from({ length: 620 }, (_, i) => ({ userId: `u-${i}`, batteryPower: 1 }))),
        async ({ page, cards }) => {
            await page.getByText('120 more not shown').waitFor();
            await shows(page.locator('#device-count'), '620');
            assert.equal(await cards.count(), 500);

            await page.getByRole('searchbox').fill('u-619');
            assert.equal(await cards.count(), 1);
        }));

    test('stays responsive under 5000 messages a second', onPage(
        {
            // In the page itself: a socket played from outside is not fast enough.
            prepare: (page) => page.addInitScript(() => {
                let sent = 0;
                globalThis.WebSocket = class {
                    constructor() {
                        setTimeout(() => this.onopen({}));
                    }
                    close() {}
                    send(text) {
                        const { id, op } = JSON.parse(text);
                        const ok = { epoch: 'e', ping: 20, sub: 1, offset: 0, recovered: 'new' };
                        this.receive({ re: id, ok });
                        if (op !== 'sub') return;
                        this.receive({ s: 1, eos: 0 });
                        setInterval(() => this.burst(), 20);
                    }
                    receive(frame) {
                        setTimeout(() => this.onmessage({ data: JSON.stringify(frame) }));
                    }
                    burst() {
                        for (let i = 0; i < 100; ++i, ++sent) {
                            this.onmessage({ data: JSON.stringify({ s: 1, t: 't', o: sent + 1, d: {
                                userId: `u-${sent % 300}`, batteryPercent: sent % 101,
                                batteryPower: sent, state: 'Charging' } }) });
                        }
                    }
                };
            }),
        },
        async ({ page, connection }) => {
            await connection('live');
            const frames = await page.evaluate(() => new Promise((resolve) => {
                const start = performance.now();
                let painted = 0;
                const next = (now) => {
                    ++painted;
                    if (now - start < 3000) requestAnimationFrame(next);
                    else resolve(painted);
                };
                requestAnimationFrame(next);
            }));
            assert.ok(frames > 15, `only ${frames} frames in 3 s`);
            assert.ok(Number(await page.locator('#message-rate').textContent()) > 500);
        }));

    test('comes back after a connection was lost, with its cards still there', onPage(
        withSocket((socket, n) => {
            socket.send(JSON.stringify({ userId: 'u', batteryPercent: n, batteryPower: 1 }));
            if (n === 1) setTimeout(() => socket.close({ code: 1012 }), 300);
        }),
        async (dashboard) => {
            await shows(dashboard.field('u', 'percent'), '1 %');
            await shows(dashboard.field('u', 'percent'), '2 %');
            await dashboard.connection('live');
            assert.equal(await dashboard.cards.count(), 1);
        }));

    test('does not come back after a close code 40xx and shows the reason', () => {
        let sockets = 0;
        return onPage(
            withSocket((socket, n) => {
                sockets = n;
                socket.close({ code: 4003, reason: 'not allowed <any more>' });
            }),
            async (dashboard) => {
                await dashboard.connection('offline');
                await shows(dashboard.page.getByRole('alert'),
                            'The server ended the connection: not allowed <any more>');

                // Not even when the network comes back; only when someone asks.
                await dashboard.page.evaluate(() => dispatchEvent(new Event('online')));
                assert.equal(await dashboard.page.locator('#retry').isVisible(), false);
                assert.equal(sockets, 1);
                await dashboard.page.getByRole('button', { name: 'Connect now' }).click();
                await dashboard.connection('offline');
                assert.equal(sockets, 2);
            })();
    });

    test('counts down to the next attempt and tries at once when the network is back', () => {
        let sockets = 0;
        return onPage(
            withSocket((socket, n) => {
                sockets = n;
                if (n === 1) socket.close({ code: 1011 });
            }, {
                // The longest wait that the jitter can give.
                prepare: (page) => page.addInitScript(() => { Math.random = () => 0.999; }),
            }),
            async (dashboard) => {
                await dashboard.connection('offline');
                await shows(dashboard.page.locator('#retry'), 'retry in 1 s');

                await dashboard.page.evaluate(() => dispatchEvent(new Event('online')));
                await dashboard.connection('live');
                assert.equal(sockets, 2);
            })();
    });

    test('doubles the longest wait up to 20 s until a connection was stable for 10 s', () => {
        let last;
        return onPage(
            withSocket((socket, n) => {
                last = socket;
                if (n <= 8) socket.close({ code: 1011 });
            }, {
                prepare: async (page) => {
                    await page.addInitScript(() => { Math.random = () => 0.999; });
                    await page.clock.install({ time: 0 });
                    await page.clock.pauseAt(1000);
                },
            }),
            async ({ page, connection }) => {
                const retry = page.locator('#retry');
                for (const seconds of [1, 1, 2, 4, 8, 16, 20, 20]) {
                    await connection('offline');
                    await shows(retry, `retry in ${seconds} s`);
                    await page.getByRole('button', { name: 'Connect now' }).click();
                }
                await connection('live');

                await page.clock.runFor(9_000);
                last.close({ code: 1011 });
                await connection('offline');
                await shows(retry, 'retry in 20 s');
                await page.getByRole('button', { name: 'Connect now' }).click();
                await connection('live');
                await page.clock.runFor(10_000);
                last.close({ code: 1011 });
                await connection('offline');
                await shows(retry, 'retry in 1 s');
            })();
    });

    test('says so when the server refuses the selection', onPage(
        { query: '?nonsense=1' },
        async ({ page, connection }) => {
            await connection('offline');
            await page.getByText('refuses live data').waitFor();
        }));

    test('keeps the age of a value that only the snapshot of a new connection repeats', () => {
        let last;
        return onPage(
            withSocket((socket, n) => {
                last = socket;
                for (const [userId, batteryPower] of [['same', 1], ['new', n]]) {
                    socket.send(JSON.stringify({ userId, batteryPower }));
                }
            }, {
                prepare: async (page) => {
                    await page.clock.install({ time: 0 });
                    await page.clock.pauseAt(1000);
                },
            }),
            async ({ page, field, connection }) => {
                await connection('live');
                await page.clock.runFor(30_000);
                await shows(field('same', 'age'), '30 s ago');

                last.close({ code: 1011 });
                await page.getByRole('button', { name: 'Connect now' }).click();
                await connection('live');
                await page.clock.runFor(1_000);
                await shows(field('new', 'age'), 'just now');
                await shows(field('same', 'age'), '31 s ago');
            })();
    });

    test('ages a card by the second and dims it after a minute', onPage(
        {
            prepare: async (page) => {
                await page.clock.install();
                await sends({ userId: 'u', batteryPercent: 50, batteryPower: 1 }).prepare(page);
            },
        },
        async ({ page, card, field }) => {
            await card('u').waitFor();

            await page.clock.runFor(12_000);
            assert.match(await field('u', 'age').textContent(), /^1[1-3] s ago$/);
            assert.equal(await card('u').getAttribute('data-stale'), null);
            await page.clock.runFor(60_000);
            await shows(field('u', 'age'), '1 min ago');
            assert.equal(await card('u').getAttribute('data-stale'), '');
        }));
});
