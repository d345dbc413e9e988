// aws-iot-device-sdk-v2: MQTT 3.1.1 and 5 by certificate and by signed WebSocket, and its shadow clients.

import { once } from "node:events";
import sdk from "aws-iot-device-sdk-v2";

import * as gateway from "./gateway.mjs";
import { Queue, trying, within } from "./gateway.mjs";

const { auth, iot, iotshadow, mqtt, mqtt5 } = sdk;
const { HOST, REGION, thing } = gateway;
const thingName = thing;
// What the SDK hands over for an empty payload cannot be read.
const text = (payload) => (payload?.byteLength ? Buffer.from(payload).toString() : "");
const credentials = () => auth.AwsCredentialsProvider.newStatic(gateway.accessKeyId, gateway.secretAccessKey);

function check(condition, what) {
  if (!condition) throw new Error(JSON.stringify(what));
}

function builder3(port) {
  return port === undefined
    ? iot.AwsIotMqttConnectionConfigBuilder.new_with_websockets({ region: REGION, credentials_provider: credentials() })
        .with_port(gateway.httpsPort)
        .with_client_id("console")
    : iot.AwsIotMqttConnectionConfigBuilder.new_mtls_builder_from_path(gateway.certificate, gateway.privateKey)
        .with_port(port)
        .with_client_id(thing);
}

/** Runs `use` on a connection of MQTT 3.1.1; without a port it is a WebSocket. */
async function on3(port, use) {
  const config = builder3(port)
    .with_endpoint(HOST)
    .with_certificate_authority_from_path(undefined, gateway.ca)
    .with_clean_session(true)
    .build();
  const connection = new mqtt.MqttClient().new_connection(config);
  await within("CONNACK", connection.connect());
  try {
    await use(connection);
  } finally {
    await within("the end", connection.disconnect());
  }
}

function builder5(port) {
  const { AwsIotMqtt5ClientConfigBuilder: Builder } = iot;
  return port === undefined
    ? Builder.newWebsocketMqttBuilderWithSigv4Auth(HOST, { region: REGION, credentialsProvider: credentials() })
        .withPort(gateway.httpsPort)
        .withConnectProperties({ clientId: "console", keepAliveIntervalSeconds: 30 })
    : Builder.newDirectMqttBuilderWithMtlsFromPath(HOST, gateway.certificate, gateway.privateKey)
        .withPort(port)
        .withConnectProperties({ clientId: thing, keepAliveIntervalSeconds: 1200 });
}

/** The same for MQTT 5. */
async function on5(port, use) {
  const config = builder5(port).withCertificateAuthorityFromPath(undefined, gateway.ca).build();
  const client = new mqtt5.Mqtt5Client(config);
  const success = once(client, "connectionSuccess");
  const failure = once(client, "connectionFailure").then(([event]) => Promise.reject(event.error));
  client.start();
  await within("CONNACK", Promise.race([success, failure]));
  failure.catch(() => {});
  try {
    await use(client);
  } finally {
    const stopped = once(client, "stopped");
    client.stop();
    await within("the end", stopped);
    client.close();
  }
}

async function talk3(connection) {
  const arrived = new Queue();
  const { qos } = await connection.subscribe("demo/v2/#", mqtt.QoS.AtLeastOnce, (topic, payload) =>
    arrived.put([topic, text(payload)]));
  check(qos === mqtt.QoS.AtLeastOnce, qos);
  for (const size of [0, 1, 130, 100_000]) {
    await connection.publish(`demo/v2/${size}`, "x".repeat(size), mqtt.QoS.AtLeastOnce);
    const [topic, payload] = await arrived.get();
    check(topic === `demo/v2/${size}` && payload.length === size, topic);
  }
  await connection.unsubscribe("demo/v2/#");
}

async function talk5(client) {
  const arrived = new Queue();
  client.on("messageReceived", ({ message }) => arrived.put(message));
  const { AtLeastOnce } = mqtt5.QoS;
  const suback = await client.subscribe({ subscriptions: [{ topicFilter: "demo/v2/#", qos: AtLeastOnce }] });
  check(suback.reasonCodes[0] === 1, suback);
  for (const size of [0, 1, 130, 100_000]) {
    const userProperties = [{ name: "k", value: "v" }];
    const sent = { topicName: `demo/v2/${size}`, payload: "x".repeat(size), qos: AtLeastOnce, userProperties };
    const puback = await client.publish(sent);
    check(puback.reasonCode === 0, puback);
    const got = await arrived.get();
    check(got.topicName === sent.topicName && text(got.payload) === sent.payload, got.topicName);
    check(got.userProperties[0].value === "v", got.userProperties);
  }
  await client.unsubscribe({ topicFilters: ["demo/v2/#"] });
}

async function firstShadow(client) {
  const [answers, deltas] = [new Queue(), new Queue()];
  const put = (queue) => (error, answer) => queue.put(error ?? answer);
  const { AtLeastOnce } = mqtt.QoS;
  await client.subscribeToUpdateShadowAccepted({ thingName }, AtLeastOnce, put(answers));
  await client.subscribeToShadowDeltaUpdatedEvents({ thingName }, AtLeastOnce, put(deltas));
  await client.subscribeToGetShadowAccepted({ thingName }, AtLeastOnce, put(answers));
  await client.subscribeToDeleteShadowAccepted({ thingName }, AtLeastOnce, put(answers));
  const state = { desired: { on: true }, reported: { on: false } };
  await client.publishUpdateShadow({ thingName, state, clientToken: "1" }, AtLeastOnce);
  const updated = await answers.get();
  check(updated.clientToken === "1" && updated.state.desired.on === true, updated);
  const delta = await deltas.get();
  check(delta.state.on === true && delta.version === updated.version, delta);
  await client.publishGetShadow({ thingName }, AtLeastOnce);
  const got = await answers.get();
  check(got.version === updated.version && got.state.delta.on === true, got);
  await client.publishDeleteShadow({ thingName }, AtLeastOnce);
  const deleted = await answers.get();
  check(deleted.version === updated.version, deleted);
}

async function secondShadow(client) {
  const deltas = new Queue();
  const stream = client.createShadowDeltaUpdatedStream({ thingName });
  stream.on("incomingPublish", ({ message }) => deltas.put(message));
  const established = once(stream, "subscriptionStatus");
  stream.open();
  await established;
  const state = { desired: { on: true }, reported: { on: false } };
  const updated = await client.updateShadow({ thingName, state });
  check(updated.state.desired.on === true, updated);
  const delta = await deltas.get();
  check(delta.state.on === true, delta);
  const got = await client.getShadow({ thingName });
  check(got.version === updated.version, got);
  await client.deleteShadow({ thingName });
  const refused = await client.getShadow({ thingName }).then(() => undefined, (error) => error);
  check(refused?.modeledError?.code === 404, String(refused));
  client.close();
}

const options = { maxRequestResponseSubscriptions: 4, maxStreamingSubscriptions: 2, operationTimeoutInSeconds: 30 };
// The SDK asks for MQTT by ALPN on this port alone.
const ports = gateway.httpsPort === 443 ? [gateway.mqttPort, 443] : [gateway.mqttPort];
for (const port of ports) {
  const where = port === 443 ? " on port 443" : "";
  await trying(`MQTT 3.1.1 by certificate${where}`, () => on3(port, talk3));
  await trying(`MQTT 5 by certificate${where}`, () => on5(port, talk5));
}
await trying("MQTT 3.1.1 over WebSocket with SigV4", () => on3(undefined, talk3));
await trying("MQTT 5 over WebSocket with SigV4", () => on5(undefined, talk5));
const { mqttPort } = gateway;
const { IotShadowClient: First, IotShadowClientv2: Second } = iotshadow;
await trying("the first shadow client on MQTT 3.1.1", () => on3(mqttPort, (on) => firstShadow(new First(on))));
await trying("the first shadow client on MQTT 5", () =>
  on5(mqttPort, (on) => firstShadow(First.newFromMqtt5Client(on))));
await trying("the second shadow client on MQTT 3.1.1", () =>
  on3(mqttPort, (on) => secondShadow(Second.newFromMqtt311(on, options))));
await trying("the second shadow client on MQTT 5", () =>
  on5(mqttPort, (on) => secondShadow(Second.newFromMqtt5(on, options))));
gateway.finish();
