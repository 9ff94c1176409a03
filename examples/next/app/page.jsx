import { getUser } from "../lib/user";

export default async function Home() {
  const user = await getUser();
  return user ? (
    <p>
      {`Hello, ${user.name}. `}
      <a href="/account">Account</a> <a href="/logout?next=/">Sign out</a>
    </p>
  ) : (
    <a href="/login?next=/">Sign in</a>
  );
}
