// Keeps the shell for when the twin is not running. Nothing that the twin answers is ever kept: not /api, not /auth, not a link.
const SHELL = "didymos-shell-1";

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll(["/", "/glyph.svg", "/manifest.webmanifest"])).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => {
  event.waitUntil(caches.keys().then((names) => Promise.all(names.filter((name) => name !== SHELL).map((name) => caches.delete(name)))).then(() => self.clients.claim()));
});
self.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  const ours = origin === self.location.origin && event.request.method === "GET" && (pathname === "/" || pathname.startsWith("/assets/") || /^\/[a-z0-9-]+\.(svg|png|webmanifest)$/.test(pathname));
  if (!ours) return;
  event.respondWith(pathname.startsWith("/assets/") ? cacheFirst(event.request) : networkFirst(event.request));
});
// Assets carry their digest in their name: what was right once is right for ever.
async function cacheFirst(request) {
  const known = await caches.match(request);
  return known ?? keep(request, await fetch(request));
}
async function networkFirst(request) {
  try {
    return await keep(request, await fetch(request));
  } catch {
    return (await caches.match(request)) ?? Response.error();
  }
}
async function keep(request, response) {
  if (response.ok && response.type === "basic" && !response.redirected) await (await caches.open(SHELL)).put(request, response.clone());
  return response;
}
