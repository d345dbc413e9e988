// MQTT.js: MQTT 3.1.1 and 5 by certificate on both ports and over WebSocket, with QoS 2 and a shadow.

import { readFileSync } from "node:fs";
import { connectAsync } from "mqtt";

import * as gateway from "./gateway.mjs";
import { Queue, trying, within } from "./gateway.mjs";

const { HOST, thing } = gateway;
const trust = { ca: readFileSync(gateway.ca) };
const device = {
  ...trust,
  clientId: thing,
  cert: readFileSync(gateway.certificate),
  key: readFileSync(gateway.privateKey),
};

async function connected(url, options, version) {
  const settings = { ...options, protocolVersion: version, reconnectPeriod: 0, clean: true };
  const client = await within("CONNACK", connectAsync(url, settings));
  const arrived = new Queue();
  client.on("message", (topic, payload, packet) => arrived.put({ topic, payload, packet }));
  return { client, arrived };
}

async function talk(url, options, version) {
  const { client, arrived } = await connected(url, options, version);
  const [granted] = await client.subscribeAsync("demo/js/#", { qos: 2 });
  if (granted.qos !== 2) throw new Error(`granted ${JSON.stringify(granted)}`);
  for (const qos of [0, 1, 2]) {
    for (const size of [0, 1, 130, 200_000]) {
      const topic = `demo/js/${qos}/${size}`;
      const properties = version === 5 ? { contentType: "text/plain", userProperties: { k: "v" } } : undefined;
      await client.publishAsync(topic, Buffer.alloc(size, "x"), { qos, properties });
      const got = await arrived.get();
      if (got.topic !== topic || got.payload.length !== size || got.packet.qos !== qos) {
        throw new Error(`got ${got.topic}, ${got.payload.length} bytes, QoS ${got.packet.qos} for ${topic}`);
      }
      if (version === 5 && got.packet.properties?.userProperties?.k !== "v") {
        throw new Error(`properties: ${JSON.stringify(got.packet.properties)}`);
      }
    }
  }
  await client.unsubscribeAsync("demo/js/#");
  await client.endAsync();
}

async function shadow(version) {
  const { client, arrived } = await connected(`mqtts://${HOST}:${gateway.mqttPort}`, device, version);
  const topic = `$aws/things/${thing}/shadow`;
  await client.subscribeAsync(`${topic}/+/accepted`, { qos: 1 });
  await client.publishAsync(`${topic}/update`, JSON.stringify({ state: { reported: { on: true } } }), { qos: 1 });
  const updated = await arrived.get();
  if (updated.topic !== `${topic}/update/accepted` || JSON.parse(updated.payload).state.reported.on !== true) {
    throw new Error(`${updated.topic}: ${updated.payload}`);
  }
  await client.publishAsync(`${topic}/delete`, "", { qos: 1 });
  const deleted = await arrived.get();
  if (deleted.topic !== `${topic}/delete/accepted`) throw new Error(`${deleted.topic}: ${deleted.payload}`);
  await client.endAsync();
}

for (const [name, version] of [["3.1.1", 4], ["5", 5]]) {
  await trying(`MQTT ${name} by certificate`, () => talk(`mqtts://${HOST}:${gateway.mqttPort}`, device, version));
  await trying(`MQTT ${name} by certificate and ALPN on the HTTPS port`, () =>
    talk(`mqtts://${HOST}:${gateway.httpsPort}`, { ...device, ALPNProtocols: ["x-amzn-mqtt-ca"] }, version));
  await trying(`MQTT ${name} over WebSocket by certificate`, () =>
    talk(`wss://${HOST}:${gateway.httpsPort}/mqtt`, device, version));
  await trying(`MQTT ${name} over WebSocket with SigV4`, () =>
    talk(gateway.presigned(), { ...trust, clientId: "console" }, version));
  await trying(`a shadow by MQTT ${name}`, () => shadow(version));
}
gateway.finish();
