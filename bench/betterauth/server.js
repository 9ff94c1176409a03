// better-auth as its documentation installs it: e-mail and password, the http handler for node, and
// PostgreSQL. Its limits on rates are off, as Cardea's are, because the benchmark sends everything
// from one address. Node runs on one core, so there is a process for each, as node's
// documentation of cluster has it.
//
// `node server.js HOST:PORT` serves. `node server.js seed USERS PASSWORD` fills an empty database and
// prints a cookie for each user. The environment variable DATABASE_URL names the database.

import cluster from "node:cluster";
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import { availableParallelism } from "node:os";
import { betterAuth } from "better-auth";
import { hashPassword } from "better-auth/crypto";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import pg from "pg";

const secret = "for the benchmark only, with 32 characters or more";
const database = new pg.Pool({ connectionString: process.env.DATABASE_URL });
const options = {
  database,
  secret,
  baseURL: "http://127.0.0.1",
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
};

async function migrate() {
  const { runMigrations } = await getMigrations(options);
  await runMigrations();
}

// seed writes the rows that sign-ups would, and prints signed cookies.
async function seed(users, password) {
  await migrate();
  const hash = await hashPassword(password);
  const rows = `generate_series(0, ${users - 1}) AS n`;
  const number = "lpad(n::text, 7, '0')";
  await database.query(`INSERT INTO "user" (id, name, email, "emailVerified", "createdAt", "updatedAt")
    SELECT md5('user ' || n), 'User ' || ${number}, 'user' || ${number} || '@example.com', false, now(), now() FROM ${rows}`);
  await database.query(
    `INSERT INTO account (id, "accountId", "providerId", "userId", password, "createdAt", "updatedAt")
    SELECT md5('account ' || n), md5('user ' || n), 'credential', md5('user ' || n), $1, now(), now() FROM ${rows}`,
    [hash],
  );
  const { rows: sessions } = await database.query(`INSERT INTO session (id, token, "userId", "expiresAt", "ipAddress", "userAgent", "createdAt", "updatedAt")
    SELECT md5('session ' || n), md5('token ' || n), md5('user ' || n), now() + interval '7 days', '127.0.0.1', 'bench', now(), now() FROM ${rows}
    RETURNING token, "userId"`);
  const tokens = new Map(sessions.map((row) => [row.userId, row.token]));
  const { rows: inOrder } = await database.query(`SELECT id FROM "user" ORDER BY email`);
  for (const { id } of inOrder) {
    const token = tokens.get(id);
    const signature = createHmac("sha256", secret).update(token).digest("base64");
    console.log(`better-auth.session_token=${encodeURIComponent(`${token}.${signature}`)}`);
  }
  await database.query("VACUUM ANALYZE");
  await database.end();
}

async function serve(address) {
  if (cluster.isPrimary) {
    await migrate();
    await database.end();
    for (let i = 0; i < availableParallelism(); i++) cluster.fork();
    for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit());
    return;
  }
  process.on("SIGINT", () => process.exit());
  const [host, port] = address.split(":");
  createServer(toNodeHandler(betterAuth(options))).listen(Number(port), host);
}

const [command, ...args] = process.argv.slice(2);
await (command === "seed" ? seed(Number(args[0]), args[1]) : serve(command));
