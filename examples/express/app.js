import express from "express";

const cardea = process.env.CARDEA_URL ?? "http://127.0.0.1:5000"; // where this app reaches Cardea
const accounts = process.env.ACCOUNTS_URL ?? "http://localhost:5000"; // where browsers reach it
const cookieName = "session"; // as CARDEA_COOKIE_NAME
const appURL = process.env.APP_URL ?? "http://localhost:3000"; // where browsers reach this app

// sessionOnly picks the session out of a Cookie header. Cardea needs no other cookie.
function sessionOnly(header = "") {
  const cookies = header.split(";").map((cookie) => cookie.trim());
  return cookies.filter((cookie) => cookie.startsWith(`${cookieName}=`)).join("; ");
}

// loadUser sets req.user to the signed-in user, or to null. It answers 503 if Cardea does not
// answer in time.
async function loadUser(req, res, next) {
  res.set("Cache-Control", "no-store"); // the page is for this user only
  const session = sessionOnly(req.headers.cookie);
  if (session === "") {
    req.user = null;
    return next();
  }
  try {
    const answer = await fetch(`${cardea}/api/user`, {
      headers: { Cookie: session },
      signal: AbortSignal.timeout(2000),
    });
    if (!answer.ok && answer.status !== 401) throw new Error(`Cardea answered ${answer.status}`);
    req.user = answer.ok ? (await answer.json()).user : null;
  } catch (error) {
    console.error(error);
    return res.status(503).set("Retry-After", "5").send("Accounts cannot be reached. Try again.");
  }
  next();
}

// requireUser sends browsers that open a page to the sign-in. Other requests get 401.
function requireUser(req, res, next) {
  if (req.user) return next();
  if (req.method === "GET" && req.accepts(["json", "html"]) === "html") {
    return res.redirect(`${accounts}/login?next=${encodeURIComponent(appURL + req.originalUrl)}`);
  }
  res.status(401).json({ error: "Sign in first." });
}

const app = express();
app.use(loadUser);

app.get("/", (req, res) => {
  res.type("text").send(req.user ? `Hello, ${req.user.name}.` : "Hello, stranger.");
});

app.get("/orders", requireUser, (req, res) => {
  res.type("text").send(`Orders of ${req.user.name}, page ${req.query.page ?? 1}`);
});

const server = app.listen(process.env.PORT ?? 3000, "127.0.0.1", () => {
  console.log(`listening on port ${server.address().port}`);
});
