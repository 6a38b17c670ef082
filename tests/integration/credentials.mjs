// Tokens and passwords as an identity provider and mosquitto_passwd make them, from what RFC 7519
// and mosquitto's file format say.

import { createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

export const key = "a key of more than thirty-two bytes, for tests";

const base64url = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

// A JWT signed by HS256; `claims` add to or replace the usual ones.
export function token(sub, claims = {}, { secret = key, header = {} } = {}) {
  const now = Math.floor(Date.now() / 1000);
  const head = base64url({ alg: "HS256", typ: "JWT", ...header });
  const body = base64url({
    iss: "https://id.example", aud: "rtbridge", sub, iat: now, exp: now + 600, ...claims,
  });
  const signature = createHmac("sha256", secret).update(`${head}.${body}`).digest("base64url");
  return `${head}.${body}.${signature}`;
}

// A line of a password file. Few iterations take a millisecond, 100,000 some 70.
export function passwordLine(user, password, iterations = 101) {
  const salt = randomBytes(12);
  const hash = pbkdf2Sync(password, salt, iterations, 64, "sha512");
  return `${user}:$7$${iterations}$${salt.toString("base64")}$${hash.toString("base64")}\n`;
}

export const basic = (user, password) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

export const jwt = `
[[auth.jwt]]
issuer = "https://id.example"
audience = "rtbridge"
algorithms = ["HS256"]
keys_file = "key"
leeway = "0s"
`;
