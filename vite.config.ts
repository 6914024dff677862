import { defineConfig } from "vitest/config";
import { standalone } from "./vite.standalone.ts";

const resolve = {
  // React as the page is written in it, by Preact: React's own renderer alone is a quarter of the page's budget
  // (scripts/page_size.py), and with it the page does not fit.
  alias: {
    "react-dom/client": "preact/compat/client",
    "react-dom": "preact/compat",
    "react/jsx-runtime": "preact/jsx-runtime",
    react: "preact/compat",
  },
};

export default defineConfig({
  base: "/static/dist/",
  publicDir: false,
  resolve,
  plugins: [standalone({ resolve })],
  build: {
    outDir: "static/dist",
    emptyOutDir: true,
    // The server reads it to know the files of "static/src/main.tsx".
    manifest: "manifest.json",
    // No data: addresses, so that the Content-Security-Policy can leave them out.
    assetsInlineLimit: 0,
    target: "es2022",
    // Plotly, which is loaded when a plot is first drawn, is larger than any limit that guards the page itself;
    // that one is held by scripts/page_size.py.
    chunkSizeWarningLimit: 2000,
    rolldownOptions: { input: "static/src/main.tsx" },
  },
  worker: { format: "es" },
  test: {
    include: ["static/src/**/*.test.{ts,tsx}", "tests/**/*.test.{ts,tsx}"],
    environment: "happy-dom",
    maxWorkers: 2,
    // One that fails runs once more, as in Python: the report marks it.
    retry: 1,
  },
});
