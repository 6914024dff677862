
import { defineConfig } from "vite";
import { fileURLToPath } from "node:url";
const here = (p: string) => fileURLToPath(new URL(p, import.meta.url));
export default defineConfig({
  root: here("../.."),
  
  resolve: { alias: { "react-dom/client": "preact/compat/client", "react-dom": "preact/compat", "react/jsx-runtime": "preact/jsx-runtime", react: "preact/compat", "socket.io-client": here("./fake_socket.ts") } },
  server: { port: 5199, host: "127.0.0.1", strictPort: true },
  worker: { format: "es" },
  cacheDir: here("../../node_modules/.vite-dev"),
});
