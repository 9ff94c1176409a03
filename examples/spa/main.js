const app = document.querySelector("#app");

function link(text, path) {
  return Object.assign(document.createElement("a"), { textContent: text, href: path });
}

// signIn leads to the sign-in page, and from there back to this page.
function signIn() {
  return "/login?next=" + encodeURIComponent(location.pathname + location.search + location.hash);
}

async function show() {
  const response = await fetch("/api/user", { signal: AbortSignal.timeout(5000) });
  if (response.status === 401) {
    app.replaceChildren(link("Sign in", signIn()));
    return;
  }
  if (!response.ok) throw new Error(`/api/user answered ${response.status}`);
  const { user } = await response.json();
  const account = link("Account", "/account");
  const signOut = link("Sign out", "/logout?next=/");
  app.replaceChildren(`Hello, ${user.name}. `, account, " ", signOut);
}

show().catch((error) => {
  console.error(error);
  app.replaceChildren("Your account cannot be reached. Try again in a moment.");
});
