import { mount } from "svelte";
import App from "./App.svelte";
import "./app.css";
import { begin } from "./lib/i18n/index.svelte";
import { here } from "./lib/state.svelte";

await begin();
mount(App, { target: document.getElementById("app") as HTMLElement });
void here.start();
if ("serviceWorker" in navigator && import.meta.env.PROD) void navigator.serviceWorker.register("/worker.js").catch(() => {});
