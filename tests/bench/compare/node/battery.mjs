// What both Node.js bridges do with a publish.

import mqtt from 'mqtt';

export function enrich(payload) {
  const battery = JSON.parse(payload);
  const power = battery.batteryPower;
  battery.state = power > 0 ? 'Charging' : power < 0 ? 'Discharging' : 'Idle';
  return battery;
}

// Calls `receive(battery)` for each publish; resolves when the subscription is made.
export async function subscribe(address, topic, receive) {
  const client = await mqtt.connectAsync(`mqtt://${address}`);
  client.on('message', (_topic, payload) => {
    let battery;
    try {
      battery = enrich(payload.toString());
    } catch (error) {
      console.error(error.message);
      return;
    }
    receive(battery);
  });
  await client.subscribeAsync(topic);
}
