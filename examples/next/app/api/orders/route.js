import { getUser } from "../../../lib/user";

export async function GET() {
  try {
    const user = await getUser();
    if (!user) return Response.json({ error: "Sign in first." }, { status: 401 });
    return Response.json({ owner: user.id, orders: [] });
  } catch (error) {
    console.error(error);
    const headers = { "Retry-After": "5" };
    return Response.json({ error: "Accounts cannot be reached." }, { status: 503, headers });
  }
}
