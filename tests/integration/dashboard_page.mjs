// The page at "/" as a test sees it, under whatever base URL it is served.

import assert from 'node:assert/strict';

import { chromium } from 'playwright-core';

const waitMs = 10_000;

export function launchChromium() {
    return chromium.launch({
        executablePath: '/usr/bin/chromium',
        args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--no-first-run',
               '--disable-background-networking', '--disable-component-update'],
    });
}

// The page under `baseUrl`, and everything that went wrong or went elsewhere while it was open.
export async function openDashboard(browser, baseUrl, { query = '', prepare, ...options } = {}) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    page.setDefaultTimeout(waitMs);
    const trouble = [];
    page.on('pageerror', (error) => trouble.push(`error: ${error.message}`));
    page.on('dialog', (dialog) => {
        trouble.push(`dialog: ${dialog.message()}`);
        dialog.dismiss();
    });
    page.on('console', (message) => {
        if (/Content.Security.Policy/i.test(message.text())) trouble.push(message.text());
    });
    page.on('request', (request) => {
        const url = new URL(request.url());
        if (url.protocol !== 'data:' && url.host !== new URL(baseUrl).host) trouble.push(url.href);
    });
    await prepare?.(page);
    await page.goto(new URL(`/${query}`, baseUrl).href);

    const card = (key) => page.locator(`[data-key=${JSON.stringify(key)}]`);
    return {
        page,
        trouble,
        card,
        cards: page.locator('[data-key]'),
        field: (key, name) => card(key).locator(`[data-field=${name}]`),
        connection: (value) => page.locator(`[data-connection=${value}]`).waitFor(),
        close: () => context.close(),
    };
}

// Waits until `locator` holds exactly this text, and says what it held instead if it never does.
export async function shows(locator, text) {
    const end = Date.now() + waitMs;
    let found;
    do {
        found = await locator.textContent();
        if (found === text) return;
        await new Promise((resolve) => setTimeout(resolve, 20));
    } while (Date.now() < end);
    assert.equal(found, text);
}
