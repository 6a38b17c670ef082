// Certificates for tests, made by the openssl tool.

import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

// { cert, key } in PEM form: self-signed, for localhost and 127.0.0.1, with `name` as its subject.
export function makeCertificate(name, days = 90) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "rtbridge-certificate-"));
  try {
    const [certFile, keyFile] = ["cert.pem", "key.pem"].map((file) => path.join(directory, file));
    const how = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", `${days}`];
    const what = ["-subj", `/CN=${name}`, "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
    execFileSync("openssl", ["req", "-x509", ...how, ...what, "-keyout", keyFile, "-out", certFile], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    return { cert: fs.readFileSync(certFile, "utf8"), key: fs.readFileSync(keyFile, "utf8") };
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
}

// The `files` of a broker whose configuration names cert.pem and key.pem.
export const certificateFiles = ({ cert, key }) => ({ "cert.pem": cert, "key.pem": key });
