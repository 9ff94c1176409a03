import { defineConfig } from "vite";

// Cardea's paths. /users/ is exact, because apps often have pages there.
const accounts =
  "^/((api|uploads|avatars|static|account|dev)/|users/[^/]+/avatar|" +
  "\\.well-known/(change-password|security\\.txt)|" +
  "(login|logout|register|account|forgot|reset|verify|undo)($|\\?))";

export default defineConfig({
  server: {
    proxy: {
      [accounts]: {
        target: process.env.CARDEA_URL ?? "http://127.0.0.1:5000",
        changeOrigin: false, // keeps Host, so links in answers and mails lead to this server
      },
    },
  },
});
