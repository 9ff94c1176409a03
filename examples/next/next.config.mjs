const cardea = process.env.CARDEA_URL ?? "http://127.0.0.1:5000";

// Cardea's paths; the pages of this app must have others.
const paths = [
  "/api/:path*", "/uploads/:path*", "/avatars/:path*", "/users/:id/avatar", "/static/:path*",
  "/login", "/logout", "/register", "/account/:path*", "/forgot", "/reset", "/verify", "/undo",
  "/.well-known/:path*",
];

export default {
  rewrites: () => paths.map((path) => ({ source: path, destination: cardea + path })),
};
