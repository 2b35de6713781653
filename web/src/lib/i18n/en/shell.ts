// English, the source of every other language: what every screen stands in.

export default {
  starting: "Opening your twin",
  again: "Try again",
  close: "Close",
  remove: "Remove",
  skip: "Skip to the content",
  lock: "Lock",
  passphrase: "Passphrase",
  "gone.title": "The twin does not answer.",
  "gone.text": "It may have been stopped. Start it again with “twin up” on the machine where it lives.",
  nav: "Screens",
  "nav.today": "Today",
  "nav.ask": "Ask",
  "nav.graph": "Self-graph",
  "nav.timeline": "Timeline",
  "nav.import": "Import",
  "nav.search": "Search",
  "nav.quality": "Quality",
  "nav.receipts": "Receipts",
  "nav.protect": "Protect",
  "nav.settings": "Settings",
};
