// The login of the page at "/" in a real browser.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import mqtt from 'mqtt';

import { passwordLine } from './credentials.mjs';
import { launchChromium, openDashboard, shows } from './dashboard_page.mjs';
import { batteryRule, head, launchBroker } from './harness.mjs';

let broker;
let browser;
let device;

before(async () => {
    broker = await launchBroker({
        rtbridge: `${head}[auth]\npasswords_file = "passwords"\n[acl]\n[[acl.rule]]\n` +
            `allow = ["receive", "subscribe"]\ntopics = ["battery/#"]\nkeys = ["{user}"]\n` +
            `[[acl.rule]]\nclient = "*"\nallow = ["publish"]\ntopics = ["#"]\n` + batteryRule,
        files: { passwords: passwordLine('user-1', 'hunter2') },
    });
    browser = await launchChromium();
    device = await mqtt.connectAsync(broker.mqttUrl);
});
after(async () => {
    await device?.endAsync();
    await browser?.close();
    await broker?.remove();
});

const publish = (userId, batteryPercent) => device.publishAsync(
    'battery/topic', JSON.stringify({ userId, batteryPercent, batteryPower: 5 }), { qos: 1 });

test('the page asks for a login, shows what the user may see, and logs out', async () => {
    const { page, trouble, field, cards, connection, close } =
        await openDashboard(browser, broker.httpUrl);
    await publish('user-2', 11);
    await publish('user-1', 80);

    await page.locator('#login').waitFor();
    assert.equal(await page.locator('#logout').isVisible(), false);
    await page.fill('#user', 'user-1');
    await page.fill('#password', 'wrong');
    await page.click('#login-now');
    await page.getByText('No login: unknown user or wrong password').waitFor();
    assert.equal(await cards.count(), 0);

    await page.fill('#password', 'hunter2');
    await page.click('#login-now');
    await connection('live');
    await shows(field('user-1', 'percent'), '80 %');
    assert.equal(await page.locator('#login').isVisible(), false);
    assert.equal(await page.inputValue('#password'), '');
    assert.equal(await cards.count(), 1);

    await page.reload(); // the cookie goes on
    await connection('live');
    await shows(field('user-1', 'percent'), '80 %');

    await page.click('#logout');
    await page.locator('#login').waitFor();
    assert.equal(await cards.count(), 0);
    assert.deepEqual(trouble, []);
    await close();
});
