import { cache } from "react";
import { cookies } from "next/headers";
import { redirect } from "next/navigation";

const cardea = process.env.CARDEA_URL ?? "http://127.0.0.1:5000";

// getUser returns the signed-in user, or null. It throws if Cardea does not answer in time.
// cache() makes it ask once for each page, however many components call it.
export const getUser = cache(async () => {
  const session = (await cookies()).get("session");
  if (!session) return null;
  const answer = await fetch(`${cardea}/api/user`, {
    headers: { Cookie: `session=${session.value}` },
    cache: "no-store",
    signal: AbortSignal.timeout(2000),
  });
  if (answer.status === 401) return null;
  if (!answer.ok) throw new Error(`Cardea answered ${answer.status}`);
  return (await answer.json()).user;
});

// requireUser returns the signed-in user, or leads to the sign-in, which returns to a path of
// this app.
export async function requireUser(path) {
  return (await getUser()) ?? redirect(`/login?next=${encodeURIComponent(path)}`);
}
