// Deutsch: was um jede Seite steht.

import type { ShellMessages } from "../index.svelte";

const de: ShellMessages = {
  starting: "Dein Zwilling wird geöffnet",
  again: "Noch einmal versuchen",
  close: "Schließen",
  remove: "Entfernen",
  skip: "Zum Inhalt springen",
  lock: "Sperren",
  passphrase: "Passphrase",
  "gone.title": "Der Zwilling antwortet nicht.",
  "gone.text": "Vielleicht wurde er angehalten. Starte ihn mit „twin up“ auf dem Rechner, auf dem er lebt.",
  nav: "Seiten",
  "nav.today": "Heute",
  "nav.circles": "Kreise",
  "nav.people": "Menschen",
  "nav.ask": "Fragen",
  "nav.graph": "Selbstbild",
  "nav.timeline": "Zeitachse",
  "nav.import": "Einlesen",
  "nav.search": "Suche",
  "nav.quality": "Qualität",
  "nav.consents": "Einwilligungen",
  "nav.receipts": "Belege",
  "nav.protect": "Schutz",
  "nav.settings": "Einstellungen",
};

export default de;
