import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: "es2022",
    // The content security policy allows no `data:` addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            // The shell is what the first paint needs, in one piece.
            { name: "shell", test: /svelte\/|src\/(main|App|parts\/(Shell|Glyph|Icon)|lib\/(state|hue|rhythm|api\/door|i18n\/index|i18n\/en\/shell))/ },
          ],
        },
      },
    },
    outDir: process.env.DIDYMOS_WEB_OUT ?? "dist",
    emptyOutDir: true,
  },
});
