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
      // The base class of custom elements, of which there are none here, makes itself when its module is read.
      treeshake: { moduleSideEffects: [{ test: /svelte\/.*(custom-element|legacy-client)/, sideEffects: false }] },
      output: {
        codeSplitting: {
          groups: [
            // The shell is what the first paint needs, in one piece, and nothing that only screens need.
            { name: "shell", test: /src\/(main|App|parts\/(Glyph)|lib\/(state|hue|api\/door|i18n\/index|i18n\/en\/shell))/ },
            { name: "frame", test: /src\/(parts\/(Shell|Icon)|lib\/(rhythm|wall))|svelte\/.*blocks\/each/ },
          ],
        },
      },
    },
    outDir: process.env.DIDYMOS_WEB_OUT ?? "dist",
    emptyOutDir: true,
  },
});
