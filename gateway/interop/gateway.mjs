// The gateway that a script talks to, and how a script says what it saw: as `gateway.py`.

import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const HOST = "localhost";
export const REGION = "us-east-1";

// Milliseconds that anything may take.
export const TIMEOUT = 30_000;

const [data, mqtt, https] = process.argv.slice(2);
export const mqttPort = Number(mqtt);
export const httpsPort = Number(https);
export const ca = join(data, "ca.pem");

// The thing that a first start makes; its name is the client identifier that its policy wants.
export const thing = "demo";
export const certificate = join(data, "things", thing, "certificate.pem");
export const privateKey = join(data, "things", thing, "private.key");

const credentials = readFileSync(join(data, "credentials"), "utf8");
export const accessKeyId = /aws_access_key_id *= *(\S+)/.exec(credentials)[1];
export const secretAccessKey = /aws_secret_access_key *= *(\S+)/.exec(credentials)[1];

let failed = false;

/** Reports what became of it. The script goes on after a failure. */
export async function trying(what, body) {
  try {
    await within(what, body());
    console.log(`ok ${what}`);
  } catch (error) {
    failed = true;
    console.error(error);
    console.log(`FAILED ${what}: ${String(error?.message ?? error).replaceAll("\n", " ")}`);
  }
}

/** What a promise brings, in time. */
export function within(what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing came: ${what}`)), TIMEOUT);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Ends the script, whatever a client has left behind. */
export function finish() {
  process.stdout.write("", () => process.exit(failed ? 1 : 0));
}

/** A queue that is waited at. */
export class Queue {
  #items = [];
  #waiting = [];

  put(item) {
    const first = this.#waiting.shift();
    if (first) first(item);
    else this.#items.push(item);
  }

  get() {
    if (this.#items.length > 0) return Promise.resolve(this.#items.shift());
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

/** The address of a WebSocket, signed as the service documents it. */
export function presigned() {
  const hmac = (key, text) => createHmac("sha256", key).update(text).digest();
  const sha256 = (text) => createHash("sha256").update(text).digest("hex");
  const host = httpsPort === 443 ? HOST : `${HOST}:${httpsPort}`;
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = [time.slice(0, 8), REGION, "iotdevicegateway", "aws4_request"];
  const query = [
    "X-Amz-Algorithm=AWS4-HMAC-SHA256",
    `X-Amz-Credential=${encodeURIComponent([accessKeyId, ...scope].join("/"))}`,
    `X-Amz-Date=${time}`,
    "X-Amz-Expires=60",
    "X-Amz-SignedHeaders=host",
  ].join("&");
  const canonical = ["GET", "/mqtt", query, `host:${host}`, "", "host", sha256("")].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", time, scope.join("/"), sha256(canonical)].join("\n");
  const signature = hmac(scope.reduce(hmac, `AWS4${secretAccessKey}`), toSign).toString("hex");
  return `wss://${host}/mqtt?${query}&X-Amz-Signature=${signature}`;
}
