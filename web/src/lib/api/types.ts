// Made by `cargo xtask types` from the Rust types. Do not edit.

/** What is done with the data (an *action* in ODRL's terms). */
export type Act = "view" | "compute" | "prove" | "message" | "write" | "manage" | "store" | "fetch";

/** What is done usually, and what is allowed. */
export type ActionLimits = {
  /** At most. */
  high: number;
  /** At least. */
  low: number;
  /** The stream. */
  stream: StreamId;
  /** Its unit, per day. */
  unit: string;
  /** What is usual. */
  usual: number;
};

/** One event of a calendar on the answered day. */
export type AgendaItem = {
  /** It is about whole days. */
  all_day: boolean;
  /** Its end on the wall clock; for whole days the midnight after the last. Equal to `start` where none is said. */
  end: number;
  /** Where it is. */
  place?: string | null;
  /** The program and the calendar it is from. */
  source: string;
  /** Its beginning on the wall clock, in milliseconds since 1970-01-01T00:00; it may lie on a day before. */
  start: number;
  /** It is not certain that it takes place. */
  tentative: boolean;
  /** What it is called; absent where the calendar gives no name. */
  title?: string | null;
  /** IANA name of the zone whose wall clock is meant; absent where the calendar names none, and for whole days. */
  zone?: string | null;
};

/** Bland–Altman: how the means of the same minutes differ between two sources. */
export type Agreement = {
  /** One source. */
  a: string;
  /** The other. */
  b: string;
  /** Lower 95 % limit of agreement: the mean less 1.96 standard deviations of the differences. */
  lower: number;
  /** Mean of `a` less `b`. */
  mean_difference: number;
  /** Minutes in which both measured. */
  n: number;
  /** Upper 95 % limit of agreement. */
  upper: number;
};

/** Limits of what is done in a day. */
export type Allowed = {
  /** At most. Default: what was rarely more. */
  high?: number | null;
  /** At least, in the stream's unit per day. Default: what was rarely less. */
  low?: number | null;
  /** The stream. */
  stream: StreamId;
};

/** One arm against the first. */
export type ArmContrast = {
  /** What it was compared with. */
  against: string;
  /** The arm. */
  arm: string;
  /** Mean of the differences. */
  effect: number;
  /** Every effect within is compatible with what was seen, at 95 %. */
  interval_95: number[];
  /** How often chance alone shows as much. */
  p: number;
  /** Pairs it rests on. */
  pairs: number;
  /** In a sentence. */
  says: string;
};

/** See [`Standing`]. */
export type AuthStanding = "new" | "locked" | "open";

/** How the twin of this server stands. */
export type AuthState = {
  /** Who the twin is; only for a session, while the twin is open. */
  did?: Did | null;
  /** What the owner is called; only for a session, while the twin is open. */
  name?: string | null;
  /** Passkeys that can open the twin under this host name. */
  passkeys: number;
  /** Whether the caller has a live session. */
  session: boolean;
  /** `new` (no twin yet), `locked` (keys not in memory) or `open`. */
  state: AuthStanding;
};

/** A place that keeps a copy. */
export type BackupAdd = {
  /** Settings of an S3-compatible store: `endpoint`, `region`, `access_key_id`, `secret_access_key`. Kept sealed. */
  options?: Record<string, string>;
  /** A folder's path, or `s3://bucket/prefix`. */
  target: string;
};

/** How a place that keeps a copy stands. */
export type BackupReport = {
  /** Objects committed since the last copying: not there yet. */
  behind: number;
  /** Bytes copied just now. */
  bytes: number;
  /** Objects copied just now. */
  copied: number;
  /** What went wrong, if anything. */
  error?: string | null;
  /** Objects that should be there and are not, or not as they should be. */
  missing: Digest[];
  /** Objects there that the journal names. */
  objects: number;
  /** Its target text. */
  target: string;
  /** When all of it was last read back and found right, RFC 3339. */
  verified?: string | null;
};

/** One place by its target text, or all. */
export type BackupWhich = {
  /** As given to `backup.add`; default: every place. */
  target?: string | null;
};

/** What an answer rests on. */
export type Basis = {
  /** Such days, the ones most like the present first. */
  alike: DayLike[];
  /** Days behind it. */
  days: number;
  /** Of these, days on which the changed thing was about as asked. */
  days_like_asked: number;
  /** Edges of the graph that it follows. */
  edges: GraphEdge[];
  /** Where what is asked lies among what has been. */
  support?: Support | null;
};

/** Why something is allowed. */
export type Basis2 = "owners_device" | {
  contract: Digest;
};

/** The owner's connectome, as a scanner's tractography gave it. */
export type BrainAdd = {
  /** BOLD signal at rest, region by region, if there is one: the model is then fitted to it. */
  bold?: number[];
  /** Milliseconds between readings of the BOLD signal. */
  bold_ms?: number | null;
  /** Fibre lengths in mm, likewise. */
  lengths: number[];
  /** Names of the regions. Default: their numbers. */
  regions?: string[];
  /** Weights, row by row: what a region hears of each other one. As many rows as columns, 2 to 200. */
  weights: number[];
};

/** What is kept of the owner's brain. */
export type BrainShown = {
  /** Connections that exist. */
  connections: number;
  /** Names of the regions; empty where there is no connectome. */
  regions: string[];
  /** Correlation of modelled and measured functional connectivity on the half of the scan that was not fitted. */
  unseen?: number | null;
};

/** Statistics of one bucket. `mean`, `min`, `max` and `sum` are there where the stream's values are numbers. */
export type Bucket = {
  /** Observations that start in it. */
  count: number;
  /** Largest. */
  max?: number | null;
  /** Arithmetic mean. */
  mean?: number | null;
  /** Smallest. */
  min?: number | null;
  /** Minutes per label, where the values are categories. */
  minutes?: Record<string, number> | null;
  /** Sum. */
  sum?: number | null;
  /** Start of the bucket on the owner's wall clock, ISO 8601 without offset. */
  time: string;
};

/** One value and how usual it is. */
export type Card = {
  /** Against the day before. */
  changed: SinceYesterday;
  /** The day. */
  day: string;
  /** Where the value lies. */
  direction: Direction;
  /** What people call it. */
  label: string;
  /** How the value is made of the day's observations. */
  made: Made;
  /** What is normal for the owner. */
  normal: Normal;
  /** The source it is from: the one with most data on this stream. */
  source: string;
  /** The stream. */
  stream: StreamId;
  /** UCUM code. */
  unit: string;
  /** The day is not over: it and the days before count up to this time of the wall clock, `14:30`. */
  until?: string | null;
  /** How unusual: 0 is the middle, 1 the edge of the normal range, 10 the most that is told. */
  unusual: number;
  /** The day's value. */
  value: number;
};

/** Whether this is a cause. */
export type Causal = {
  /** Where the answer comes from. */
  kind: CausalKind;
  /** In a sentence: what may be concluded, and what not. */
  says: string;
  /** The trial that would settle it: ready to be sent as `mirror.experiment.add@1`. */
  trial?: TrialOffer | null;
};

/** Where an answer comes from. */
export type CausalKind = "observational" | "mechanistic" | "experimental";

/** A difference from the day before. */
export type Change = {
  /** What people call it. */
  label: string;
  /** The difference as a part of the normal range's width; 10 is the most that is told. */
  share: number;
  /** The stream. */
  stream: StreamId;
  /** The day. */
  today: number;
  /** UCUM code. */
  unit: string;
  /** The day before. */
  yesterday: number;
};

/** By how much. */
export type ChangeBy = {
  by: "add";
  /** In the stream's unit. */
  value: number;
} | {
  by: "times";
  /** The factor. */
  value: number;
} | {
  by: "set";
  /** In the stream's unit. */
  value: number;
};

/** A checkpoint that a twin brings to its witness. */
export type CheckpointIn = {
  /** The signed checkpoint: canonical bytes in base64url. */
  checkpoint: string;
  /** The history's root at that size, by the asking twin's own journal. */
  old_root?: Digest | null;
  /** Commits of the last checkpoint that this witness cosigned, as far as the asking twin knows; 0: none. */
  old_size: number;
  /** Consistency proof from there to the checkpoint (RFC 9162 §2.1.4). */
  proof?: Digest[];
  /** The asking twin's other witnesses, with whom this one may compare what it has seen. */
  witnesses?: Did[];
};

/** A question that could be meant. */
export type Choice = {
  /** What it would change: to be asked with. */
  interventions: Intervention[];
  /** What is known of it, in words. */
  says: string;
  /** As the twin would understand it. */
  sentence: string;
};

/** Whether a member may let others in and put others out. */
export type CircleAdmin = {
  /** Whether they may. Only who made the circle says so. */
  admin: boolean;
  /** Which circle. */
  circle: string;
  /** A member: their name, the beginning of it, or their DID. */
  who: string;
};

/** What happened in a circle, beside messages. */
export type CircleEvent = {
  /** Who. */
  did: Did;
  event: "joined";
} | {
  /** Who. */
  did: Did;
  event: "left";
} | {
  event: "named";
  /** The new name. */
  name: string;
};

/** A new circle. */
export type CircleNew = {
  /** Contacts to let in, each by name, the beginning of it, or DID. */
  invite?: string[];
  /** What its members see it called: 1 to 80 characters. */
  name: string;
};

/** A new name for a circle. */
export type CircleRename = {
  /** Which circle. */
  circle: string;
  /** What its members see it called from now on: 1 to 80 characters. */
  name: string;
};

/** A circle. */
export type CircleShown = {
  /** Whether others wrote before the owner came: that is not here, and never will be. */
  begins_later: boolean;
  /** Counts up with everything that changes here: see `message.list@1`. */
  change: number;
  /** Its id. */
  circle: Digest;
  /** How often the keys were changed so far (MLS epoch). */
  epoch: number;
  /** The newest message. */
  last?: MessageShown | null;
  /** The people in it. */
  members: MemberShown[];
  /** Messages in all. */
  messages: number;
  /** What it is called; for a conversation of two, what the owner calls the other. */
  name: string;
  /** Envelopes of others that were refused: malformed, forged, too many. */
  refused: number;
  /** When this device last renewed its own keys, RFC 3339. */
  renewed?: string | null;
  /** How this twin stands. */
  state: CircleState;
  /** Messages that the owner has not seen. */
  unread: number;
  /** The other's DID, where it is a conversation of two. */
  with?: Did | null;
};

/** How this twin stands in a circle. */
export type CircleState = "member" | "waiting" | "out";

/** Which circle. */
export type CircleWhich = {
  /** Its id or the beginning of it, its name, or the contact's name or DID. */
  circle: string;
};

/** Somebody to let into a circle, or to put out of it. */
export type CircleWho = {
  /** Which circle. */
  circle: string;
  /** A contact or a member: their name, the beginning of it, or their DID. */
  who: string;
};

/** The guardian's word: this machine is in the hands of whose guardian I am. */
export type ClaimApprove = {
  /** The claim's id, or the beginning of it: at least 4 digits. */
  claim: string;
  /** The digits that the other machine shows, as the person read them out. Spaces do not matter. */
  digits: string;
  /** Whose twin it is about, where the claim does not say so clearly: a name, the beginning of it, or a DID. */
  ward?: string | null;
};

/** What a claim wants. */
export type ClaimKind = "recovery" | "inheritance";

/** A request to hand something over. */
export type ClaimShown = {
  /** When the guardian approved, RFC 3339. */
  approved?: string | null;
  /** Its id. */
  claim: Digest;
  /** The machine, or the heir's twin, that claims. */
  claimant: Did;
  /** What the owner calls it, if it is a contact. */
  claimant_name?: string | null;
  /** What the claimant's machine shows too: the people compare. */
  digits: string;
  /** What it wants. */
  kind: ClaimKind;
  /** Whether it is about the owner's own twin: cancel it unless it is you. */
  mine: boolean;
  /** When the share can be handed over at the earliest, RFC 3339. */
  opens?: string | null;
  /** When it was seen first, RFC 3339. */
  seen: string;
  /** How it stands. */
  state: ClaimState;
  /** Whether the owner of that twin was told (of a claim on a ward), or who told (of a claim on oneself). */
  told: boolean;
  /** Guardians that told of it, where it is about the owner's own twin. */
  told_by?: Did[];
  /** Whose twin it is about, once that is clear. */
  ward?: Did | null;
  /** What the owner calls them. */
  ward_name?: string | null;
  /** Whom the claimant named. */
  who: string;
};

/** How a claim stands. */
export type ClaimState = "unclear" | "unapproved" | "early" | "waiting" | "ready" | "released" | "denied" | "cancelled" | "gone";

/** Which claim. */
export type ClaimWhich = {
  /** Its id, or the beginning of it: at least 4 digits. */
  claim: string;
};

/** A standard's name for what a stream measures. */
export type Code = {
  /** The code, or the schema's name. */
  code: string;
  /** `LOINC`, `IEEE 1752.1` or `Open mHealth`. */
  system: string;
};

/** A claim, and a question how it stands. The first time makes it known; every later one asks again. */
export type Collect = {
  /** The signed claim: canonical bytes in base64url. */
  claim: string;
};

/** What a guardian's twin answers to a claim. */
export type Collected = {
  /** When the share can be handed over at the earliest, RFC 3339. */
  opens?: string | null;
  /** The share, sealed to the claim's key: base64url. */
  share?: string | null;
  /** How the claim stands there. */
  state: ClaimState;
};

/** A signed commit. */
export type CommitInfo = {
  /** The device that signed it. */
  device: Did;
  /** Digest of its canonical bytes. */
  digest: Digest;
  /** Its place in the chain, from 0. */
  seq: number;
  /** When the device's clock says it was made, RFC 3339. */
  time: string;
};

/** A commit, by its number and digest. */
export type CommitNamed = {
  /** Its digest. */
  digest: Digest;
  /** Its number, from 0. */
  seq: number;
};

/** A changed connection. */
export type Connection = {
  /** What its weight is multiplied by. */
  factor: number;
  /** One region: its name, or its number from 1. */
  from: string;
  /** The other. */
  to: string;
};

/** Asks a twin to prove that one of its checkpoints is the beginning of another. */
export type ConsistencyAsked = {
  /** Commits of the later one. */
  new_size: number;
  /** Commits of the earlier one: at least 1. */
  old_size: number;
};

/** What a twin answers to a witness that wants two of its checkpoints to be connected. */
export type Consistent = {
  /** The history's root at the earlier size, by this twin's journal. */
  old_root: Digest;
  /** Consistency proof (RFC 9162 §2.1.4). */
  proof: Digest[];
};

/** What to change about a contact. */
export type ContactChange = {
  /** Whether to hear nothing of them. */
  blocked?: boolean | null;
  /** Their name, the beginning of it, or their DID. */
  contact: string;
  /** Forget them: every contract with them ends. */
  forget?: boolean;
  /** What to call them from now on. */
  name?: string | null;
  /** The domain that they have, such as `ann.example.org`, where their twin may be looked up; empty: none. */
  web?: string | null;
};

/** A contact. */
export type ContactShown = {
  /** Whether the owner hears nothing of them. */
  blocked: boolean;
  /** Whether they are connected right now. */
  connected: boolean;
  /** Who. */
  did: Did;
  /** Their keys as they were seen and checked, oldest first. */
  keys: KeysSeen[];
  /** What the owner calls them. */
  name: string;
  /** When the two paired, RFC 3339. */
  paired: string;
  /** Where their devices were last. */
  places: PlaceShown[];
  /** The domain that they have, as the owner knows it. */
  web?: string | null;
};

/** What a contact may see. */
export type ContractOffer = {
  /** Their name, the beginning of it, or their DID. */
  contact: string;
  /** For how many days from now: 1 to 3,660. */
  days: number;
  /** Only statistics over stretches of this width and no finer. Default: single observations. */
  every?: Every | null;
  /** Data from here on, on the owner's clock. Default: from the first. */
  from?: Moment | null;
  /** What for, in a few words. */
  purpose: string;
  /** How often they may look. */
  rate?: Rate | null;
  /** Which streams: 1 to 64. */
  streams: StreamId[];
  /** Data before this, on the owner's clock. Default: without end. */
  to?: Moment | null;
};

/** Terms of a contract that is not offered yet, as far as they narrow one stream. */
export type ContractPreview = {
  /** Only statistics over stretches of this width and no finer. Default: single observations. */
  every?: Every | null;
  /** Data from here on, on the owner's clock. Default: from the first. */
  from?: Moment | null;
  /** At most so many rows. */
  limit?: number;
  /** The stream. */
  stream: StreamId;
  /** Data before this, on the owner's clock. Default: without end. */
  to?: Moment | null;
};

/** A contract. */
export type ContractShown = {
  /** When it was accepted, RFC 3339. */
  accepted?: string | null;
  /** Its id. */
  contract: Digest;
  /** The contact. */
  did: Did;
  /** When it was ended, RFC 3339. */
  ended?: string | null;
  /** Statistics of this width and no finer; absent: single observations. */
  every?: string | null;
  /** In force until, RFC 3339. */
  expires: string;
  /** Data from here on, on the grantor's clock. */
  from?: string | null;
  /** Whether the owner grants; else the contact does. */
  granted: boolean;
  /** What the owner calls them, if they are known still. */
  name?: string | null;
  /** What for, in the grantor's words. */
  purpose: string;
  /** How often. */
  rate?: Rate | null;
  /** Room for copies in bytes, where that is what is granted: then there are no streams. */
  space?: number | null;
  /** How it stands. */
  state: ContractState;
  /** Which streams. */
  streams: StreamId[];
  /** Data before this, on the grantor's clock. */
  to?: string | null;
  /** Whether a paper of the owner's has not arrived yet. */
  undelivered: boolean;
};

/** How a contract stands. */
export type ContractState = "offered" | "in_force" | "ended" | "expired";

/** Which contract. */
export type ContractWhich = {
  /** Its id, or the beginning of it: at least 4 digits. */
  contract: string;
};

/** A comparison by randomisation inference. */
export type Contrast = {
  /** Mean of the differences. */
  effect: number;
  /** Every effect within is compatible with what was seen, at 95 %. */
  interval_95: number[];
  /** How often chance alone shows as much. */
  p: number;
  /** Pairs it rests on. */
  pairs: number;
};

/** How the owner's copies are spread over friends. Of `copies.set@1` (`copies.status@1`, `copies.spread@1` and `copies.help@1` take nothing; all but the last answer `CopiesShown`). */
export type CopiesSet = {
  /**
   * So many friends may be lost at once without loss, if there are enough of them: 0 to 16. Default: as it was, 2
   * at first.
   */
  lose?: number | null;
  /** So many of the friends' shares are enough to have everything back: 1 to 16. Default: as it was, 3 at first. */
  need?: number | null;
};

/** How the owner's copies at friends stand. */
export type CopiesShown = {
  /** What a holder that had lost a tenth of its shares would be found out with at one audit, from 0 to 1. */
  audit_certainty: number;
  /** What would come back. */
  covered?: Covered | null;
  /** Friends who keep shares, or did. */
  holders: HolderShown[];
  /** So many friends may be lost at once, as the owner chose. */
  lose: number;
  /**
   * So many friends may be lost right now, whichever they are, and all that is `covered` comes back; none while
   * nothing would.
   */
  margin?: number | null;
  /** So many shares are enough to have everything back, as the owner chose. */
  need: number;
  /** What happened just now, in words for the owner, where something was done. */
  notes?: string[];
  /** Parcels that the journal is cut into. */
  parcels: number;
};

/** Whose copies to look at. Of `copies.audit@1`. */
export type CopiesWhich = {
  /** Only what this contact keeps: their name, the beginning of it, or their DID. Default: everybody. */
  contact?: string | null;
};

/** What a number of things is a number of. */
export type Counts = "observations" | "bytes";

/** How much of a span is covered. */
export type Coverage = {
  /** Observations. */
  count: number;
  /** Days with data. */
  days: number;
  /** Half of the observations follow the one before within so many seconds (of those within a day). */
  every_seconds?: number | null;
  /** First day with data. */
  first: string;
  /** Stretches of days without data. */
  gaps: number;
  /** Last day with data. */
  last: string;
  /** The longest of them, if there is any. */
  longest_gap?: Gap | null;
  /** Days from the first to the last. */
  of: number;
};

/** How far back a restore from friends would reach. */
export type Covered = {
  /** When they were spread, RFC 3339. */
  at: string;
  /** Commits since then. */
  behind: number;
  /** Bytes of the journal up to there. */
  bytes: number;
  /** Commits that friends have. */
  commits: number;
};

/** Which column of a CSV file means what. */
export type CsvColumns = {
  /** Header of the column with the end of the interval. */
  end?: string | null;
  /** Header of the column that names the source. */
  source?: string | null;
  /** The stream that the values belong to: a known one, or `custom.` and a name. */
  stream: string;
  /** Header of the column with the time. */
  time: string;
  /** `rfc3339`, `s` or `ms` (since 1970), or a strptime pattern such as `%d.%m.%Y %H:%M`; default: tried in turn. */
  time_format?: string | null;
  /** Unit of the values; default: the stream's own. */
  unit?: string | null;
  /** Header of the column with the value. */
  value: string;
};

/** Something that is not as it was signed. */
export type Damage = {
  /** Byte position in it. */
  at: number;
  /** The file in the data directory. */
  file: string;
  /** The object's id, where known. */
  object?: Digest | null;
  /** What is wrong, in words. */
  what: string;
};

/** A day, and how like another one it is. */
export type DayAlike = {
  /** The day. */
  date: string;
  /** 0 is the same, 1 about as far as two days drawn by lot. */
  distance: number;
  /** Mean of each stream's known hours. */
  means: (number | null)[];
};

/** Kinds of days. */
export type DayKind = "all" | "weekdays" | "weekends";

/** A past day on which the changed thing was about as asked. */
export type DayLike = {
  /** What the changed thing was. */
  changed: number;
  /** The day, `2026-05-01`. */
  date: string;
  /** How far its circumstances were from today's, in standard deviations. */
  distance: number;
  /** What the outcome was. */
  outcome: number;
};

/** A day that never was. */
export type DayMade = {
  /** Per stream, hour by hour. */
  hours: number[][];
  /** 0 for Monday to 6. */
  weekday: number;
};

/** A day of a plan. */
export type DayPlanned = {
  /** What to do, in the order of the limits. */
  actions: number[];
  /** The day. */
  date: string;
};

/** A stream. */
export type DayStream = {
  /** Its name, or a label of it. */
  name: string;
  /** Its unit (UCUM). */
  unit: string;
};

/** A day that is unlike the others. */
export type DayUnusual = {
  /** Share of days that are less unlike. */
  above: number;
  /** The day. */
  date: string;
  /** Mean square of what its hours were missed by when told from the others, in spreads; about 1 is usual. */
  score: number;
  /** The stream that is furthest off. */
  stream: string;
};

/** What is asked about days. */
export type Days = {
  /** How many: 1 to 100. */
  count?: number;
  /** The day, `2026-05-01`. Default: the last one. */
  date?: string | null;
  what: "like";
} | {
  /** How many: 1 to 100. */
  count?: number;
  what: "unusual";
} | {
  /** The day. Default: the last one that has such hours. */
  date?: string | null;
  what: "filled";
} | {
  /** The day. Default: the last one. */
  date?: string | null;
  what: "state";
};

/** An answer about days. */
export type DaysAnswer = {
  /** The day that was asked about. */
  date?: string | null;
  /** Hours that nobody measured. */
  filled: HourFilled[];
  /** First day that was learnt from. */
  from: string;
  /** That day, and the days like it, nearest first. */
  like: DayAlike[];
  /** What else the owner should know. */
  notes: string[];
  /** Why there is no answer; then everything below is empty. */
  refused?: Refused | null;
  /** Hour by hour, the person's state: 16 numbers. */
  states: number[][];
  /** Streams that are looked at. */
  streams: DayStream[];
  /** Last one. */
  to: string;
  /** The days least like the others first. */
  unusual: DayUnusual[];
  /** How each method did each task on days that none had learnt from. */
  verdicts: TaskVerdict[];
};

/** Yes or no. */
export type DecisionKind = "allowed" | "denied";

/** Whether to delete everything. */
export type Delete = {
  /** The owner's name, or the twin's DID. */
  confirm: string;
};

/** How far a message of the owner's has come. */
export type Delivery = "waiting" | "handed" | "delivered" | "read";

/** How far a message has come with one member. */
export type DeliveryTo = {
  /** How far. */
  delivery: Delivery;
  /** The member. */
  did: Did;
};

/** The right to change the owner's identity. */
export type DeviceAdd = {
  /** The 24 words. */
  words: Words;
};

/** This device takes over. */
export type DevicePromote = {
  /** The 24 words. */
  words: Words;
};

/** A device that may act no more. */
export type DeviceRevoke = {
  /** Which: its name, the beginning of that, or its DID. */
  device: string;
  /** The 24 words. A viewer is no device of the identity and needs none. */
  words?: Words | null;
};

/** What a device is to the twin. */
export type DeviceRole = "writer" | "replica" | "viewer" | "revoked";

/** A device of the owner's. */
export type DeviceShown = {
  /** Its key. */
  did: Did;
  /** Since when it may not any more, RFC 3339. */
  revoked?: string | null;
  /** From when on it may act, RFC 3339. */
  since: string;
  /** It is the one that answers. */
  this: boolean;
};

/** The owner's devices, this one first. */
export type DevicesAnswer = {
  /** Commits in the journal here. */
  commits: number;
  /** All of them. */
  devices: OwnDevice[];
  /** On a replica: what it waits for, in words; absent while it is up to date. */
  waiting?: string | null;
};

/** Decentralized identifier (W3C DID Core 1.0) */
export type Did = string;

/** BLAKE3 digest, 64 lower-case hexadecimal digits */
export type Digest = string;

/** Where a value lies. */
export type Direction = "above" | "below" | "inside";

/** An effect in one number. */
export type EffectTold = {
  /** Whether the 95 % interval leaves out zero. */
  clear: boolean;
  /** Half of all draws lie within. */
  interval_50: number[];
  /** Four of five. */
  interval_80: number[];
  /** Nineteen of twenty. */
  interval_95: number[];
  /** In a sentence. */
  says: string;
  /** The number, in the future's unit. */
  value: number;
  /** What the number is, for example `mean difference a day`. */
  what: string;
};

export type Every = string;

/** Evidence as a file that anybody can check with `twin check`. */
export type EvidenceAnswer = {
  /** Its size in bytes. */
  bytes: number;
  /** The file's bytes, base64url without padding. */
  evidence: string;
  /** What it says, in words. */
  says: string;
};

/** A randomised trial on oneself, to be kept. */
export type Experiment = {
  /** What is compared; the first is what the others are compared with. */
  arms: string[];
  /** How many times every arm has its turn: 6 at least. */
  blocks: number;
  /** Days in a period. */
  days_per_period: number;
  /** The stream that is read: its value of each day. */
  outcome: StreamId;
  /** Decides the lots. Default: drawn. */
  seed?: number | null;
  /** The question that it settles, if it came from one. */
  settles?: Intervention[];
  /** First day, `2026-05-01`. Default: tomorrow. */
  start?: string | null;
  /** What it is called, at most 120 characters. */
  title: string;
  /** Of these, how many at the beginning are not counted. */
  washout_days?: number;
};

/** An experiment as it stands. */
export type ExperimentShown = {
  /** When it was laid out, RFC 3339. */
  created: string;
  /** Days of the schedule. */
  days: number;
  /** Days of the schedule that are over. */
  days_done: number;
  /** Counted days so far on which the outcome was measured. */
  days_measured: number;
  /** As it was laid out, seed and start included. */
  experiment: Experiment;
  /** Its id. */
  id: string;
  /** What the owner should know before believing it. */
  notes: string[];
  /** Each arm against the first, once it is over. Looking earlier would make chance look like an effect. */
  result: ArmContrast[];
  /** Periods in order of time. */
  schedule: PeriodShown[];
  /** How it stands. */
  state: ExperimentState;
  /** What to do today, while it runs. */
  today?: string | null;
  /** Unit of the outcome, if the stream is known. */
  unit?: string | null;
  /** Why there is no result. */
  waiting?: string | null;
};

/** How an experiment stands. */
export type ExperimentState = "planned" | "running" | "done" | "ended";

/** One experiment. */
export type ExperimentWhich = {
  /** Its `id`. */
  id: string;
};

/** Where to write everything to. */
export type Export = {
  /** A folder that does not exist yet, or is empty. */
  dir: string;
};

/** What an export wrote. */
export type ExportReport = {
  /** Bytes written. */
  bytes: number;
  /** The folder. */
  dir: string;
  /** Files written. */
  files: number;
  /** Observations written. */
  observations: number;
};

/** Quantiles, one value a step: the median and bands that hold 50, 80 and 95 % of all draws. */
export type Fan = {
  /** 2.5 %. */
  q025: number[];
  /** 10 %. */
  q10: number[];
  /** 25 %. */
  q25: number[];
  /** Median. */
  q50: number[];
  /** 75 %. */
  q75: number[];
  /** 90 %. */
  q90: number[];
  /** 97.5 %. */
  q975: number[];
};

/** A file that was imported. */
export type FileInfo = {
  /** Bytes, if it was read to its end. */
  bytes?: number | null;
  /** BLAKE3 digest, if it was read to its end. */
  digest?: Digest | null;
  /** Format it was read as. */
  format: string;
  /** Name, with the archive's member after `!`. */
  name: string;
};

/** Part of a file. */
export type FilePart = {
  /** Its bytes from the offset on, base64url; empty at its end. */
  bytes: string;
  /** The file. */
  file: FileShown;
};

/** Part of the file of a message, which has been fetched. */
export type FileRead = {
  /** Of which circle. */
  circle: string;
  /** Of which message. */
  message: Digest;
  /** From this byte on, at most 256 KiB. */
  offset: number;
};

/** Where to write the file of a message. */
export type FileSave = {
  /** Of which circle. */
  circle: string;
  /** Of which message. */
  message: Digest;
  /** A folder, or a file that does not exist yet. Not taken over HTTP: see `file.read@1`. */
  path: string;
};

/** A file that was written. */
export type FileSaved = {
  /** Its length. */
  bytes: number;
  /** Where to. */
  path: string;
};

/** A file in a message. */
export type FileShown = {
  /** Its length. */
  bytes: number;
  /** Bytes of it that are here. */
  fetched: number;
  /** Its media type, as the sender says. */
  media: string;
  /** Its name, without folders. */
  name: string;
  /** Whether it is here. */
  state: FileState;
};

/** Part of a file that is to be sent: a browser brings it in parts. */
export type FileStage = {
  /** The next bytes in base64url, at most 256 KiB before that. */
  bytes: string;
  /** Whether these are the last. */
  last: boolean;
  /** Its media type, for example `image/jpeg`. */
  media?: string | null;
  /** Its name, without folders. */
  name: string;
  /** What the first part's answer called it; absent with the first part. */
  staged?: string | null;
};

/** A file that is being staged. */
export type FileStaged = {
  /** Bytes that have come so far. */
  bytes: number;
  /** What it is called until it is sent. */
  staged: string;
};

/** How much of a file is here. */
export type FileState = "here" | "coming" | "there";

/** A file of the twin's machine that is to be sent. Not taken over HTTP: see `file.stage@1`. */
export type FileTake = {
  /** Where it is. */
  path: string;
};

/** The file of a message. */
export type FileWhich = {
  /** Of which circle. */
  circle: string;
  /** Of which message. */
  message: Digest;
};

/** What to look for. */
export type Find = {
  /** At most this many results of each kind: 1 to 100. */
  limit?: number;
  /** Words, a day (`2016-03-04`, `4 March 2016`), a month or a year; at most 200 characters. */
  text: string;
};

/** What was found, by kind; kinds without results are left out. */
export type FindAnswer = {
  /** The kinds, most direct first. */
  groups: FoundGroup[];
};

/** What is to be forecast. */
export type Forecast = {
  /** Width of a step; default: what suits the stream and the horizon. */
  every?: Every | null;
  /** How far ahead. */
  horizon: Every;
  /** Where chance comes from: the same seed gives the same forecast. */
  seed?: number;
  /** Only observations whose source's text contains this, ignoring case. */
  source?: string | null;
  /** The stream. */
  stream: StreamId;
};

/** What comes next on a stream. */
export type ForecastAnswer = {
  /** Share of the windows' values that lay within the 90 % band. */
  coverage_90: number;
  /** Width of a step: a value is the mean of the step, or the total where the stream counts something. */
  every: string;
  /** Start of the last step that is known, on the owner's wall clock. */
  from: string;
  /** Other streams that the model learnt from. */
  learnt_from: string[];
  /** Mean absolute error of the median over the windows. */
  mae: number;
  /** Mean absolute scaled error over the windows (Hyndman and Koehler 2006), by seasonal naive. */
  mase: number;
  /** What the median comes from, in words. */
  model: string;
  /** What the owner should know, in words. */
  notes?: string[];
  /** The same, as numbers. */
  parts: ForecastPart[];
  /** What comes next, step by step. */
  points: ForecastPoint[];
  /** The last known steps up to `from`, oldest first, null where unknown; for charts. */
  recent: (number | null)[];
  /** Root mean squared error of the mean over the windows. */
  rmse: number;
  /** 1 − mean absolute error / that of seasonal naive, over the rolling windows. */
  skill_vs_naive: number;
  /** The stream. */
  stream: StreamId;
  /** UCUM code. */
  unit: string;
  /** Rolling windows that were forecast without knowing them, and scored. */
  windows: number;
};

/** A candidate's share in a forecast. */
export type ForecastPart = {
  /** Its name. */
  name: string;
  /** Its weight, 0 to 1. */
  weight: number;
};

/** One step of the future. */
export type ForecastPoint = {
  /** Mean. */
  mean: number;
  /** Lower end of the 90 % band. */
  q05: number;
  /** Median. */
  q50: number;
  /** Upper end of the 90 % band. */
  q95: number;
  /** Start of the step on the owner's wall clock, ISO 8601 without offset. */
  time: string;
};

/** A twin that has shown two histories. */
export type ForkShown = {
  /** Who showed it, where it came from another witness. */
  by?: Did | null;
  /** Commits at which the two histories are known to differ. */
  commits: number;
  /** Whose twin. */
  did: Did;
  /** Digest of the evidence. */
  fork: Digest;
  /** When it came to light here, RFC 3339. */
  found: string;
  /** What the owner calls them. */
  name?: string | null;
};

/** Which fork's evidence to write out. */
export type ForkWhich = {
  /** Digest of the evidence, or the beginning of it: at least 4 digits. */
  fork: string;
};

/** Results of one kind. */
export type FoundGroup = {
  /** What they are. */
  kind: FoundKind;
  /** There were more than asked for. */
  more: boolean;
  /** The results, best first. */
  results: FoundResult[];
};

/** What can be found. */
export type FoundKind = "date" | "stream" | "source" | "event" | "text" | "file" | "commit" | "receipt" | "message";

/** One thing that was found. Days are those of the owner's wall clock. */
export type FoundResult = {
  /** How many there are of what `counts` says. */
  count: number;
  /** What `count` counts. */
  counts: Counts;
  /** What else to know, in a few words. */
  detail?: string | null;
  /** First day. */
  first?: string | null;
  /** Where to go. */
  go: Go;
  /** What to call it. */
  label: string;
  /** Last day. */
  last?: string | null;
};

/** Two futures of one thing, from the same noise. */
export type Futures = {
  /** If nothing is changed. */
  baseline: Fan;
  /** What it rests on. */
  basis: Basis;
  /** The one less the other, draw by draw. */
  difference: Fan;
  /** The difference in one number. */
  effect: EffectTold;
  /** Width of a step: `1d`, `5m`. */
  every: string;
  /** When the futures part, wall clock. */
  from: string;
  /** If it is. */
  intervention: Fan;
  /** What it is: a stream's name, or a figure of a model (`sleep length`, `connectivity`). */
  name: string;
  /** What was before, oldest first, one value a step; null is unknown. */
  recent: (number | null)[];
  /** How right such answers have been, where that could be checked. */
  record?: TrackRecord | null;
  /** The stream, where it is one. */
  stream?: StreamId | null;
  /** Time of each step ahead, wall clock. */
  times: string[];
  /** Unit (UCUM). */
  unit: string;
};

/** Days without data. */
export type Gap = {
  /** How many. */
  days: number;
  /** The first of them. */
  first: string;
  /** The last. */
  last: string;
};

/** Days to be made up. */
export type Generate = {
  /** How many: 1 to 366. */
  days?: number;
  /** Where chance comes from: the same seed gives the same days. */
  seed?: number;
  /** Weekday of the first, 0 for Monday to 6. */
  weekday?: number;
};

/** Days that never were. */
export type GenerateAnswer = {
  /** The days. */
  days: DayMade[];
  /** First day that was learnt from. */
  from: string;
  /** Who made them. */
  maker?: string | null;
  /** How every maker was judged. */
  makers: MakerJudged[];
  /** What else the owner should know. */
  notes: string[];
  /** The predictive score of the owner's own days: what made ones can hope for. */
  own_predictive?: number | null;
  /** Why there are none; how the makers were judged is told all the same, where they were. */
  refused?: Refused | null;
  /** Streams that days are made of. */
  streams: DayStream[];
  /** Last one. */
  to: string;
};

/** Where to go from a result; all that is there helps. */
export type Go = {
  /** This circle. */
  circle?: Digest | null;
  /** This commit. */
  commit?: number | null;
  /** From this wall-clock millisecond. */
  from?: number | null;
  /** This import. */
  import?: string | null;
  /** This message in it. */
  message?: Digest | null;
  /** Only this source. */
  source?: string | null;
  /** This stream on the timeline. */
  stream?: StreamId | null;
  /** To this wall-clock millisecond, exclusive. */
  to?: number | null;
};

/** How the graph is to be drawn. */
export type Graph = {
  /** Share of the edges that may be false: 0.001 to 0.5. */
  rate?: number;
  /** Only observations whose source's text contains this, ignoring case. */
  source?: string | null;
};

/** What goes before what. */
export type GraphAnswer = {
  /** Days looked at. */
  days: number;
  /** What holds between them, strongest evidence first within hours and within days. */
  edges: GraphEdge[];
  /** Streams, labels, events and the calendar. */
  nodes: GraphNode[];
  /** Share of the edges that may be false. */
  rate: number;
};

/** A lagged edge with its evidence. It tells an order in time and not a cause. */
export type GraphEdge = {
  /** Days behind it. */
  days: number;
  /** What comes first. */
  from: string;
  /** How much later, `3h` or `1d`; `0h` is in the same hour, without direction. */
  lag: string;
  /** Chance of evidence this strong where there is no edge. */
  p: number;
  /** Share of resampled histories in which it shows; from the calendar the share of days on which it helped. */
  stability: number;
  /** What follows. */
  to: string;
  /** Between streams a correlation beyond own past and rhythm; from the calendar the share of variance explained. */
  weight: number;
};

/** A node of the graph. */
export type GraphNode = {
  /** Days on which it is known. */
  days: number;
  /** A stream, a stream's label, or a part of the calendar. */
  name: string;
};

/** A signed paper about guardians, on its way from twin to twin. */
export type GuardPaperIn = {
  /** Its canonical bytes in base64url. */
  paper: string;
};

/** A guardian of the owner's. */
export type GuardianShown = {
  /** When a rehearsal last found that their share is there and sound, RFC 3339. */
  checked?: string | null;
  /** Who. */
  did: Did;
  /** What the owner calls them, if they are a contact still. */
  name?: string | null;
  /** Since when, RFC 3339. */
  since?: string | null;
  /** How it stands with them. */
  state: GuardianState;
  /** Whether something for them has not arrived yet. */
  undelivered: boolean;
};

/** How a guardian stands. */
export type GuardianState = "on_its_way" | "asked" | "holding" | "refused" | "lost";

/** Everything about guardians: the owner's own, whose guardian the owner is, and claims. */
export type GuardiansAnswer = {
  /** Requests to hand something over: to the owner as guardian, or about the owner's own twin; newest first. */
  claims: ClaimShown[];
  /** The owner's guardians, if there are any. */
  ring?: RingShown | null;
  /** Those whose guardian the owner is, or is asked to be. */
  wards: WardShown[];
};

/** Splits the recovery phrase among guardians, anew: what an earlier round gave out becomes useless. */
export type GuardiansSet = {
  /** Who: 2 to 32 contacts, each by name, the beginning of it, or DID. */
  guardians: string[];
  /** The recovery phrase. The twin does not keep it; so it has to be typed for every new round. */
  phrase: Words;
  /** How many of them it takes: 2 or more, and no more than there are. */
  threshold: number;
  /** For how many days a guardian waits, from when they saw a request, before their share is handed over: 1 to 90. */
  wait_days: number;
};

/** An heir of the owner's. */
export type HeirShown = {
  /** Who. */
  did: Did;
  /** What the owner calls them. */
  name?: string | null;
  /** Only these streams; empty: everything. */
  streams: StreamId[];
  /** Whether their twin knows of it. */
  told: boolean;
};

/** What one heir gets. */
export type HeirWish = {
  /** Who: a contact's name, the beginning of it, or their DID. */
  heir: string;
  /** A few words to them, which they read only once it is theirs: at most 2,000 characters. */
  letter?: string | null;
  /** Only these streams. Empty: everything, that is, the recovery phrase. */
  streams?: StreamId[];
};

/** Heirs: the owner's own, and from whom the owner inherits. */
export type HeirsAnswer = {
  /** Who inherits from the owner. */
  heirs: HeirShown[];
  /** From whom the owner inherits. */
  inherits: InheritanceShown[];
  /** After how many days without a sign of life; absent: nobody inherits. */
  silence_days?: number | null;
};

/** Names heirs. Takes guardians, and begins a new round with them. */
export type HeirsSet = {
  /** Every heir: what stood before is replaced. Empty: no heirs any more. */
  heirs: HeirWish[];
  /** The recovery phrase, as for `guardians.set`. */
  phrase: Words;
  /** After how many days without a sign of life the handing over may begin: 7 to 3,660. */
  silence_days: number;
};

/** Where this twin can be reached right now, for a friend who restores theirs. */
export type HelpAnswer = {
  /** The text that the friend types: `twin restore --from-friends TICKET…`. */
  ticket: string;
};

/** A friend who keeps shares of the owner's journal. */
export type HolderShown = {
  /** Bytes of the shares that it has. */
  bytes: number;
  /** Who. */
  did: Did;
  /** Whether it has the newest list of shares. */
  listed: boolean;
  /** Shares that it should have and has not yet. */
  missing: number;
  /** What the owner calls them, if they are known still. */
  name?: string | null;
  /** Which shares of every parcel it keeps. */
  numbers: number[];
  /** When it last showed that it keeps what it should, RFC 3339. */
  proven?: string | null;
  /** When it was last reached, RFC 3339. */
  reached?: string | null;
  /** Bytes that it gives room for. */
  room: number;
  /** Shares that it has. */
  shares: number;
  /** How it stands. */
  state: HolderState;
  /** What was wrong when it was last asked, if anything. */
  wrong?: string | null;
};

/** How a friend keeps the owner's copies. */
export type HolderState = "whole" | "behind" | "away" | "full" | "caught" | "leaving";

/** An hour that nobody measured. It is told, and kept nowhere. */
export type HourFilled = {
  /** And less than this. */
  high: number;
  /** Nine of ten times it is more. */
  low: number;
  /** The stream. */
  stream: string;
  /** The hour, wall clock. */
  time: string;
  /** What it would have been. */
  value: number;
};

/** Files to take in. */
export type Import = {
  /** How to read a CSV file of no known layout. */
  csv?: CsvColumns | null;
  /** Files and folders. */
  paths: string[];
  /** Whose rows to take from files that hold several people. */
  person?: string | null;
  /** IANA name of the zone that local times without an offset were written in, for example `Europe/Zurich`. */
  zone?: string | null;
};

/** What an import brought. */
export type ImportReport = {
  /** Observations that are new. */
  added: number;
  /** Observations that were here already. */
  duplicate: number;
  /** Each file, and each member of an archive. */
  files: ImportedFile[];
  /** Which import it was; what undoes it is told this. */
  import: string;
  /** How long it took. */
  seconds: number;
  /** New observations per stream. */
  streams: Record<string, number>;
};

/** A file that another device of the owner's sends; its bytes follow the request. */
export type ImportSent = {
  /** What it is called. */
  name: string;
  /** Its bytes. */
  sent: Sent;
  /** Zone of times that name none, as for `import.files@1`. */
  zone?: string | null;
};

/** One import. */
export type ImportShown = {
  /** Observations that are new. */
  added: number;
  /** What the uploads of one drop have in common. */
  batch?: string | null;
  /** When it began, RFC 3339. */
  began: string;
  /** Bytes read so far, while it runs. */
  done?: number | null;
  /** Observations that were here already. */
  duplicate: number;
  /** Why it failed, if it did. */
  error?: string | null;
  /** Files and archive members. */
  files: ImportedFile[];
  /** Files that are left out here, because there are very many. */
  files_more: number;
  /** What undoes it is told this; absent until it has begun. */
  import?: string | null;
  /** Its upload's id, while it waits or runs, or where it failed. */
  job?: string | null;
  /** What was imported: a file's name, or the first of several. */
  name: string;
  /** Of so many bytes, where that is known. */
  of?: number | null;
  /** How long it took, or has taken so far, in seconds. */
  seconds: number;
  /** Records not taken, by reason, over all files. */
  skipped: Record<string, number>;
  /** How it stands. */
  state: ImportState;
  /** Counts per stream. */
  streams: Record<string, StreamCounts>;
  /** When it was undone, RFC 3339. */
  undone?: string | null;
};

/** How an import stands. */
export type ImportState = "waiting" | "running" | "failed" | "done" | "partial" | "undone";

/** An import. */
export type ImportWhich = {
  /** Its `import`, as `imports.list@1` gives it. */
  import: string;
};

/** What one file brought. */
export type ImportedFile = {
  /** Observations that are new. */
  added: number;
  /** Observations that were here already. */
  duplicate: number;
  /** Why the file could not be read to its end, if so. What was read before stays. */
  error?: string | null;
  /** The format it was read as; `unknown` where it could not be. */
  format: string;
  /** What was passed over on purpose beside the records. */
  notes?: Record<string, number>;
  /** Its name, with the archive's member after `!`. */
  path: string;
  /** Records not taken, by reason. */
  skipped: Record<string, number>;
};

/** Imports, newest first. */
export type ImportsAnswer = {
  /** The imports. */
  imports: ImportShown[];
};

/** What something done goes along with, a day later. */
export type InfluenceTold = {
  /** What is done. */
  action: StreamId;
  /** Days that it rests on. */
  days: number;
  /** Chance of evidence this strong where there is none. */
  p: number;
  /** It stands after false-discovery control. */
  shown: boolean;
  /** Change of the one per unit of the other, all else that is measured being equal. */
  slope: number;
  /** Its 95 % interval. */
  slope_95: number[];
  /** What is measured. */
  state: StreamId;
};

/** From whom an heir inherits. */
export type Inheritance = {
  /** Their name, the beginning of it, or their DID. */
  from: string;
};

/** What was left to the owner. */
export type InheritanceShown = {
  /** The claim, once the owner has made one. */
  claim?: RecoveryAnswer | null;
  /** From whom. */
  did: Did;
  /** Who the guardians are. */
  guardians: Did[];
  /** What the owner calls them. */
  name?: string | null;
  /** After how many days without a sign of life. */
  silence_days: number;
  /** Only these streams; empty: everything. */
  streams: StreamId[];
  /** So many guardians it takes. */
  threshold: number;
};

/** What was left to an heir, opened. */
export type Inherited = {
  /** From whom. */
  did: Did;
  /** A few words from them. */
  letter?: string | null;
  /** The recovery phrase of their twin, where everything was left: `twin restore` takes it. */
  phrase?: Words | null;
  /** Keys of the streams that were left, base64url, by stream. */
  streams?: Record<string, never>;
};

/** Insulin given at once. */
export type Injected = {
  /** Minutes from the start. */
  minute: number;
  /** Units. */
  units: number;
};

/** Something done differently. */
export type Intervention = {
  /** By how much, in the stream's unit per day. */
  change: ChangeBy;
  kind: "stream";
  /** The stream. */
  stream: StreamId;
} | {
  /** Carbohydrate. Default: that of the last meal recorded. */
  grams?: number | null;
  /** Whether it is eaten in both futures, so that it is not what differs. */
  in_both?: boolean;
  kind: "meal";
} | {
  kind: "insulin";
  /** Units more; negative is less. */
  units: number;
} | {
  kind: "bedtime";
  /** Minutes later; negative is earlier. */
  minutes: number;
} | {
  /** What its weight is multiplied by: 0 cuts it. */
  factor: number;
  /** One region: its name, or its number from 1. */
  from: string;
  kind: "connection";
  /** The other. */
  to: string;
};

/** From where on another device lacks the journal. */
export type JournalPull = {
  /** The last commit that it has; absent: it has none. */
  after?: CommitNamed | null;
  /** Where there is nothing new, wait for so many milliseconds, 20,000 at most. */
  wait_ms?: number;
};

/** A member's twin asks for a key package: with it this device can be let into a circle. */
export type KeyPackageAsked = Record<string, never>;

/** A key package for whoever asked. */
export type KeyPackageOut = {
  /** In base64url. */
  package: string;
};

/** What of a contact's keys was known from when on. */
export type KeysSeen = {
  /** The identity key in control. */
  controller: Did;
  /** Devices that could act. */
  devices: Did[];
  /** Seen at, RFC 3339. */
  seen: string;
  /** Version of their identity document. */
  version: number;
};

/** What the values of a stream are. */
export type Kind = "reading" | "total" | "category" | "text" | "position" | "event";

/** One piece of a share. */
export type LeafAsked = {
  /** Which leaf of 1 KiB, counted from 0. */
  leaf: number;
  /** Which share. */
  share: Digest;
};

/** One piece of a share. */
export type LeafProof = {
  /** Its bytes in base64url. */
  leaf: string;
  /** The hashes beside its way up. */
  path: Digest[];
};

/** What is to be learnt, or not any more. */
export type Learn = {
  /** Throw away what was learnt before, and learn anew. */
  again?: boolean;
  /** Only these; default: all. */
  only?: Learnable[];
  /** Learn nothing in the background until something new is imported; what was learnt is kept. */
  stop?: boolean;
};

/** Models that are learnt and kept. */
export type Learnable = "portrait" | "days" | "world";

/** How a learnt model stands. */
export type LearntModel = {
  /** Why it cannot be learnt. */
  because?: string | null;
  /** Parts that are done, where it was begun. */
  done: number;
  /** First day that is learnt from. */
  from: string;
  /** Which. */
  model: Learnable;
  /** Of so many. */
  of: number;
  /** How it stands. */
  state: LearntState;
  /** Last one. */
  to: string;
};

/** How a model stands. */
export type LearntState = "waiting" | "learning" | "begun" | "learnt" | "refused";

/** Which part of the journal to list. */
export type Log = {
  /** Commits before this sequence number; default: from the newest. */
  before?: number | null;
  /** At most this many commits: 1 to 1,000. */
  limit?: number;
};

/** Commits and receipts. */
export type LogAnswer = {
  /** Commits, newest first. */
  commits: LogCommit[];
  /** Pass this as `before` for older ones; absent at the beginning of the journal. */
  next?: number | null;
};

/** One commit of the log. */
export type LogCommit = {
  /** The device that signed it. */
  device: Did;
  /** Digest of its canonical bytes. */
  digest: Digest;
  /** Files whose reading ended in it. */
  files: FileInfo[];
  /** Sealed objects in it. */
  objects: number;
  /** Observations in it. */
  observations: number;
  /** Receipts in it. */
  receipts: unknown[];
  /** Its place in the chain, from 0. */
  seq: number;
  /** When the device's clock says it was made, RFC 3339. */
  time: string;
};

/** What to look at, of somebody else's. */
export type Look = {
  /** Whose: their name, the beginning of it, or their DID. */
  contact: string;
  /** Width of a stretch. Default: as fine as the contract allows. */
  every?: Every | null;
  /** First moment on their clock, inclusive. Default: as early as the contract goes. */
  from?: Moment | null;
  /** At most so many rows. */
  limit?: number;
  /** The stream. */
  stream: StreamId;
  /** Last moment on their clock, exclusive. Default: as late as the contract goes. */
  to?: Moment | null;
};

/** What a contact let the owner see. */
export type LookAnswer = {
  /** What there was to see. */
  answer: QueryAnswer;
  /** Under which contract; their signature on that is kept in both journals. */
  contract: Digest;
  /** Whose. */
  did: Did;
  /** What the owner calls them. */
  name: string;
};

/** How a day's value is made. */
export type Made = "mean" | "sum" | "asleep";

/** What `PublicKeyCredential.toJSON()` gives after `create`; further members are passed over. */
export type MadeCredential = {
  rawId: string;
  response: MadeResponse;
};

/** See [`MadeCredential`]. */
export type MadeResponse = {
  attestationObject: string;
  clientDataJSON: string;
};

/** How a maker of days was judged. */
export type MakerJudged = {
  /** Chance that days it learnt from are told from days it did not by how near they are to what it makes: ½ is guessing. */
  attack: number;
  /** Its 95 % interval. */
  attack_95: number[];
  /** How far a classifier is from guessing when it tells made days from the owner's: 0 is best, ½ worst. */
  discriminative: number;
  /** `block_bootstrap`, `gaussian_copula`, `autoencoder` or `adversarial`. */
  maker: string;
  /** Error of telling the owner's next hours after learning from made ones only, in normal scores. */
  predictive: number;
  /** The whole interval is above one half: its days are the owner's in disguise, and it is not used. */
  refused: boolean;
};

/** The sealed list of a twin's shares, which every holder keeps whole. The newest counts. Of `manifest.put@1` (`manifest.get@1` takes nothing). */
export type ManifestPut = {
  /**
   * The seed of the beacon by which the owner finds this holder when nothing is left but the phrase: 32 bytes in
   * base64url.
   */
  beacon?: Words | null;
  /** The signed envelope that follows. */
  sent: Sent;
};

/** A person in a circle. */
export type MemberShown = {
  /** Their devices that read along. */
  devices: Did[];
  /** Who. */
  did: Did;
  /** Whether they are asked to join and have not been let in yet. */
  invited: boolean;
  /** Whether this is the owner. */
  me: boolean;
  /** What the owner calls them; absent for somebody who is no contact. */
  name?: string | null;
  /** Their part. */
  role: Role;
};

/** Something to say. */
export type MessageNew = {
  /** The message that this one answers. */
  answers?: Digest | null;
  /** A file that was staged (`file.stage@1`, or `file.take@1` on the twin's own machine). */
  staged?: string | null;
  /** The text, at most 16 KiB. It may be empty beside a file. */
  text?: string;
  /** To which circle or contact. A conversation with a contact begins with its first message. */
  to: string;
};

/** Says that the owner has seen messages. */
export type MessageRead = {
  /** Of which circle. */
  circle: string;
  /** The last one seen; all before it count as seen too. */
  message: Digest;
};

/** A message, or something that happened. */
export type MessageShown = {
  /** The message that this one answers. */
  answers?: Digest | null;
  /** When, by the writer's clock, RFC 3339. The order shown follows what each writer had read, not clocks. */
  at: string;
  /** How far it has come with each member, for the owner's own. */
  delivered?: DeliveryTo[];
  /** How far it has come, for the owner's own. */
  delivery?: Delivery | null;
  /** What happened, where it is no message. */
  event?: CircleEvent | null;
  /** The file. */
  file?: FileShown | null;
  /** Who wrote it. */
  from: Did;
  /** Its id. */
  message: Digest;
  /** Whether the owner wrote it. */
  mine: boolean;
  /** What the owner calls them; absent for somebody who is no contact, and for the owner. */
  name?: string | null;
  /** When it came in here, RFC 3339. */
  received: string;
  /** Whether the owner has seen it. */
  seen: boolean;
  /** The text. */
  text?: string;
};

/** Which messages, and whether to wait for news. */
export type Messages = {
  /** Only messages before this one in the order shown: pages go back in time. */
  before?: Digest | null;
  /** Of which circle or contact. */
  circle: string;
  /** At most so many: 1 to 500. */
  limit?: number;
  /** Answer only once the circle's `change` is not this number any more, or after ten seconds. */
  unless?: number | null;
};

/** Messages of a circle. */
export type MessagesAnswer = {
  /** The circle. */
  circle: CircleShown;
  /** In order, the oldest of the page first. */
  messages: MessageShown[];
  /** Whether there are older ones. */
  more: boolean;
};

/** A method's figure. */
export type MethodFigure = {
  /** An error in spreads of the stream; for `anomaly` the chance of telling which day was tampered with. */
  figure: number;
  /** `graph_network`, `principal_components` or `seasonal_mean`. */
  method: string;
};

/** A stream that could not be judged. */
export type Missing = {
  /** Days with data before the day. */
  days: number;
  /** What people call it. */
  label: string;
  /** Days that are needed. */
  needed: number;
  /** The stream. */
  stream: StreamId;
  /** What is missing. */
  why: MissingWhy;
};

/** What is missing. */
export type MissingWhy = "too_few_days" | "nothing_that_day" | "day_not_over";

/** Kinds of models. */
export type ModelKind = "regression" | "uva_padova" | "minimal_model" | "two_process" | "fitness_fatigue" | "whole_brain" | "world";

/** What answered a question. */
export type ModelUsed = {
  /** Which kind. */
  kind: ModelKind;
  /** What was fitted, with its unit. */
  parameters: Parameter[];
  /** In words, with what it was fitted to. */
  says: string;
};

/** A wall-clock time (2024-05-01, 2024-05-01T07:30) or an exact one with offset (RFC 3339) */
export type Moment = string;

/** What is normal: of the last 90 days with data before the day. */
export type Normal = {
  /** So many days were looked at. */
  days: number;
  /** 95 % of those days lie below. */
  high: number;
  /** 5 % of those days lie below. */
  low: number;
  /** Half of those days lie below. */
  median: number;
  /** Which days: all, or, where there are enough of them, only those of the same kind. */
  of: DayKind;
};

/** Nothing more to say. */
export type Nothing = Record<string, never>;

/** An observation on its own, with everything it refers to spelled out. */
export type Observation = {
  /** Last instant, UTC milliseconds. */
  end: Timestamp;
  /** From where. */
  source: Source;
  /** First instant, UTC milliseconds. */
  start: Timestamp;
  /** On which stream. */
  stream: StreamId;
  /** UCUM code of the unit. */
  unit: string;
  /** What was observed. */
  value: Value;
  /** Minutes east of UTC in force, if known. */
  zone_minutes: number | null;
};

/** How it ended. */
export type Outcome = {
  ok: {
    /** With so many items: observations, buckets, objects. */
    items: number;
  };
} | {
  failed: {
    /** The failure's code, for example `denied` or `not_found`. */
    code: string;
  };
};

/** What is expected of a stream. */
export type OutlookTold = {
  /** The upper ones. */
  difference_high: number[];
  /** Ends of the 90 % band of the difference that the plan makes. */
  difference_low: number[];
  /** Error on days not learnt from, over that of saying the mean: 1 and more is no skill. */
  error: number;
  /** With the plan. */
  planned: number[];
  /** The stream. */
  stream: StreamId;
  /** Its unit, per day. */
  unit: string;
  /** On the day after each day of the plan, with the usual. */
  usual: number[];
};

/** A device of the owner's. */
export type OwnDevice = {
  /** So many commits of the journal it had then. */
  commits?: number | null;
  /** Its key; of a viewer, the identity that it made for itself. */
  did: Did;
  /** What the owner calls it. */
  name: string;
  /** When it was revoked, RFC 3339. */
  revoked?: string | null;
  /** What it is. */
  role: DeviceRole;
  /** When it was last heard of since this twin was opened, RFC 3339. */
  seen?: string | null;
  /** Since when, RFC 3339. */
  since: string;
  /** Whether it is the one that answers. */
  this: boolean;
};

/** A domain that the owner has exported to. */
export type OwnDomain = {
  /** Whether its log says what the identity says now. If not, the next export needs the 24 words. */
  current: boolean;
  /** Its `did:webvh`. */
  did: Did;
  /** The domain, or a path of one. */
  web: string;
};

/** Which pairings, and whether to wait for news. */
export type PairAsked = {
  /** Only this one. Default: all. */
  pairing?: number | null;
  /** Answer only once it stands otherwise than this, or after ten seconds. */
  unless?: PairingState | null;
};

/** What the owner says of the digits. */
export type PairConfirm = {
  /** Which pairing. */
  pairing: number;
  /** Whether the digits are the same on both sides. */
  same: boolean;
};

/** Whose ticket. */
export type PairJoin = {
  /** The ticket's text, as the other side shows it. */
  ticket: string;
};

/** What two machines pair for. */
export type PairingPurpose = "contact" | "device" | "viewer";

/** A pairing. */
export type PairingShown = {
  /** Who the other is. */
  did?: Did | null;
  /** What both people compare. */
  digits?: string | null;
  /** Until when the ticket is good, RFC 3339. */
  expires?: string | null;
  /** What they call themself; nobody has checked that but you. */
  name?: string | null;
  /** Its number. */
  pairing: number;
  /** What for. */
  purpose: PairingPurpose;
  /** How it stands. */
  state: PairingState;
  /** The ticket, while it waits. */
  ticket?: string | null;
  /** Why it came to nothing. */
  words?: string | null;
};

/** How a pairing stands. */
export type PairingState = "waiting" | "knocking" | "compare" | "said" | "done" | "failed";

/** A paper on its way. */
export type PaperIn = {
  /** Its canonical bytes in base64url. */
  paper: string;
};

/** A number that was fitted. */
export type Parameter = {
  /** Its name. */
  name: string;
  /** Its unit. */
  unit: string;
  /** Its value. */
  value: number;
};

/** A passkey signs in. */
export type PasskeyLogin = {
  credential: SignedCredential;
  /** The first output of its PRF: 32 bytes, base64url. */
  prf: string;
};

/** A passkey was made. */
export type PasskeyRegister = {
  credential: MadeCredential;
  /** What the owner calls it. */
  name?: string;
  /** The first output of its PRF: 32 bytes, base64url. Where making it gave none, ask the new passkey once with `get`. */
  prf: string;
};

/** A passkey, as the owner knows it. */
export type PasskeyShown = {
  /** When it was added, RFC 3339; absent where that was not kept. */
  created?: string | null;
  /** It belongs to the host name under which the twin is asked now. */
  here: boolean;
  /** Its id, base64url. */
  id: string;
  /** What the owner calls it. */
  name: string;
};

/** Which passkey. */
export type PasskeyWhich = {
  id: string;
};

/** The owner's passkeys. */
export type Passkeys = {
  passkeys: PasskeyShown[];
};

/** Days under one arm. */
export type PeriodShown = {
  /** The arm. */
  arm: string;
  /** Which block, from 1. */
  block: number;
  /** First day that counts. */
  counted_from: string;
  /** First day. */
  from: string;
  /** Last day. */
  to: string;
};

/** What to put on a domain, so that contacts find this twin by it. */
export type PhoneBookExport = {
  /** Where this twin is reached from outside, each `address:port`. None: as this machine knows it. */
  addresses?: string[];
  /** The domain, or a path of one: `example.org`, `example.org/people/ann`. */
  web: string;
  /** The 24 words, where the log of the identity gets a line: at first, and when keys or devices have changed. */
  words?: Words | null;
};

/** What to put on a domain. */
export type PhoneBookFiles = {
  /** Where contacts will try to reach this twin. */
  addresses: string[];
  /** The domain's `did:web`. */
  did_web: Did;
  /** Its `did:webvh`, whose history anybody can check. */
  did_webvh: Did;
  /** The files, by their path on the domain. */
  files: WebFile[];
};

/** Which sources are asked where contacts are, and told where this twin is. What is absent stays as it is. */
export type PhoneBookSet = {
  /** The Mainline DHT: it tells this machine's addresses to whoever knows its endpoint key, which contacts do. */
  dht?: boolean | null;
  /** The local network, by mDNS: it hears that some twin is there, under a name that changes every day. */
  lan?: boolean | null;
  /** Domains that contacts have: each hears that somebody asks where its owner's twin is. */
  web?: boolean | null;
};

/** Which sources are asked where contacts are, beside where they were last. */
export type PhoneBookShown = {
  /** The Mainline DHT. */
  dht: boolean;
  /** The local network. */
  lan: boolean;
  /** The domain that the owner has, if one was exported to. */
  own?: OwnDomain | null;
  /** What cannot be had at the moment, and why. */
  troubles: string[];
  /** Domains that contacts have. */
  web: boolean;
};

/** The recovery phrase, typed to see whether it is still known. */
export type PhraseCheck = {
  /** All 24 words. */
  phrase: string;
};

/** A member's twin wants a piece of a file. */
export type PieceAsked = {
  /** Of which circle. */
  circle: Digest;
  /** The digest of its sealed bytes. */
  piece: Digest;
};

/** A piece of a file. */
export type PieceOut = {
  /** Its sealed bytes follow; absent where it is not here yet and will be asked for. */
  piece?: Sent | null;
};

/** Where a device was last. */
export type PlaceShown = {
  /** Its addresses. */
  addresses: string[];
  /** The device. */
  device: Did;
  /** Seen at, RFC 3339. */
  seen: string;
};

/** One observation as a row. */
export type Point = {
  /** End, where it differs from the start. */
  end?: string | null;
  /** Index into the answer's `sources`. */
  source: number;
  /** Start, RFC 3339 with the offset in force (without one where it is unknown). */
  time: string;
  /** A number, a label or text, `{"lat","lon"}`, or an event's attributes. */
  value: unknown;
};

/** What a learnt policy would do. */
export type PolicyTold = {
  /** What to do, in the order of the limits. */
  actions: number[];
  /** What it is worth beyond the usual, what follows included. */
  gain: number;
};

/** Who asks, as the adapter at the door has authenticated them. */
export type Principal = {
  device: {
    /** The key that it proved to hold. */
    device: Did;
    /** Whose device it says it is. */
    owner: Did;
  };
} | {
  twin: Did;
} | "anonymous";

/** Asks a guardian, or an heir, whether all would go well. Nothing is opened. */
export type Probe = {
  /** Fresh randomness, so that the answer is of now: 64 hexadecimal digits. */
  nonce: string;
  /** Of which round of the asking owner's. */
  round: number;
};

/** What a twin answers to a rehearsal. */
export type Probed = {
  /** Whether it holds what it was given, and could open its seal just now. */
  holds: boolean;
  /** The signed word of it: canonical bytes in base64url. */
  word: string;
};

/** The body of every answer that is not one. */
export type Problem = {
  /**
   * Stable for programs: a failure code of the door (`denied`, `invalid`, `not_found`, `busy`, `stopped`, `damaged`,
   * `io`, `locked`), or `no_session`, `refused`, `too_large`, `too_slow`.
   */
  code: string;
  /** What happened and what to do next, in words for the owner. */
  message: string;
};

/** A proof to hand to somebody. */
export type ProofAnswer = {
  /** Its size in bytes. */
  bytes: number;
  /** The proof file's bytes, base64url without padding. */
  proof: string;
  /** What it says, in words. */
  says: string;
};

/** A wish for the coming days, within limits. */
export type Propose = {
  /** What is to be more, or less: 1 to 4 streams. */
  aims: Wish[];
  /** Whether what lies outside of what was ever done may be proposed, with a warning. */
  beyond?: boolean;
  /** How many days ahead: 1 to 14. Default: 3. */
  days?: number | null;
  /**
   * What the owner would do, and within which limits: at most 4 streams. Default: what there is to decide on, within the
   * 90 % in the middle of what was done.
   */
  limits?: Allowed[];
  /** Where chance comes from. */
  seed?: number;
};

/** What could be done in the coming days. */
export type ProposeAnswer = {
  /** Whether it is a cause, and the trial that would settle it. */
  causal?: Causal | null;
  /** What of this stands out in the owner's own days, one day later. */
  evidence: InfluenceTold[];
  /** What it is worth beyond doing the usual, in spreads of what is wished for, per day. */
  gain: number;
  /** What is done usually, and what is allowed. */
  limits: ActionLimits[];
  /** What proposes. */
  model?: ModelUsed | null;
  /** What else was done or passed over. */
  notes: string[];
  /** What is wished for, if things go on as usual and if the plan is followed. */
  outlook: OutlookTold[];
  /** Day by day, what is proposed, in the order of the limits. */
  plan: DayPlanned[];
  /** What the policy that learnt from the same days without a model would do tomorrow. */
  policy?: PolicyTold | null;
  /** Why there is no proposal; then nearly everything below is empty. */
  refused?: Refused | null;
  /** `within`, `edge` or `outside` of what was ever done. */
  support: string;
  /** What the owner should know before doing it. */
  warnings: string[];
};

/** How the twin is protected. */
export type ProtectAnswer = {
  /** Places that keep copies; `verified` is when all of it was last read back and found right. */
  backups: BackupReport[];
  /** Devices that the identity document names. */
  devices: DeviceShown[];
  /** Passkeys that open the twin. */
  passkeys: number;
  /** Whether a passphrase opens it too. */
  passphrase: boolean;
  /** When the owner last typed the recovery phrase right, RFC 3339. */
  phrase_checked?: string | null;
};

/** Where one observation comes from, all the way. */
export type Provenance = {
  /** The stream's standard code. */
  code?: Code | null;
  /** The signed commit that holds it. */
  commit: CommitInfo;
  /** Its end. */
  end: string;
  /** The file that it was read from. */
  file: FileInfo;
  /** The import that brought it. */
  imported: string;
  /** Its place among the object's observations. */
  index: number;
  /** Id of the sealed object that holds it. */
  object: Digest;
  /** The observation. */
  observation: Observation;
  /** How many observations the object holds. */
  of: number;
  /** Byte position of the record in that file. */
  position: number;
  /** Other observations of this stream that start at the very same moment. */
  same_time: number;
  /** Its start as people read it, RFC 3339. */
  time: string;
  /** The commit's signature was checked just now, and the leaf hashed up to the object's root in that commit. */
  verified: boolean;
};

/** Whole commits of the journal, which follow the answer. */
export type Pulled = {
  /** How many. */
  commits: number;
  /** The newest commit there, in this stretch or after it. */
  newest: CommitNamed;
  /** Their bytes. */
  sent: Sent;
};

/** Whose quality. */
export type Quality = {
  /** One stream, with the agreement between its sources. Default: every stream, without. */
  stream?: StreamId | null;
};

/** How good the data are. */
export type QualityAnswer = {
  /** Each stream. */
  streams: StreamQuality[];
};

/** Which observations, and how to sum them up. */
export type Query = {
  /** Width of a bucket; without it the observations themselves are returned. */
  every?: Every | null;
  /** First moment, inclusive. Default: the first there is. */
  from?: Moment | null;
  /** At most this many rows (buckets or observations) from the start; the answer says if there were more. */
  limit?: number;
  /** Only observations whose source's text contains this, ignoring case. */
  source?: string | null;
  /** The stream. */
  stream: StreamId;
  /** Last moment, exclusive. Default: after the last there is. */
  to?: Moment | null;
};

/** Rows of a query. */
export type QueryAnswer = {
  /** The buckets, in order; empty ones are left out. */
  buckets?: Bucket[] | null;
  /** Width of a bucket, if buckets were asked for. */
  every?: string | null;
  /** What its values are. */
  kind: Kind;
  /** There were more rows than the limit. */
  more: boolean;
  /** What to know before believing the numbers, in words. */
  notes?: string[];
  /** The observations, in order. */
  points?: Point[] | null;
  /** Sources that `points` refer to. */
  sources?: string[] | null;
  /** The stream. */
  stream: StreamId;
  /** UCUM code of every value. */
  unit: string;
};

/** How often something may be done. */
export type Rate = {
  /** within any stretch of so many milliseconds. */
  per_ms: number;
  /** So many times at most, */
  uses: number;
};

/** A question as the twin reads it, for the owner to check. */
export type Reading = {
  /** How far ahead, if the words said so: `7d`, `8h`. */
  horizon?: string | null;
  /** What is done differently. */
  interventions: Intervention[];
  /** `en` or `de`: the language of the sentence, where there was one. */
  language?: string | null;
  /** Words that the twin made nothing of and that could matter. */
  not_understood?: string[];
  /** What is asked about, if the words said so. */
  outcome?: StreamId | null;
  /** The reading in words. */
  says: string;
  /** A connection of the brain is meant, and it is not said which: what its weight would be multiplied by. */
  some_connection?: number | null;
};

/** Why something is refused. */
export type Reason = "not_authenticated" | "another_owner" | "unknown_device" | "revoked_device" | "owner_only" | "no_contract" | "not_in_force" | "act_not_covered" | "stream_not_covered" | "period_not_covered" | "rate_exceeded" | "no_room";

/** One act at the door. Made by [`Receipt::new`], which keeps every part within its bound. */
export type Receipt = {
  /** What was to be done. */
  act: Act;
  /** How it was decided. */
  decision: Verdict;
  /** How it ended. */
  outcome: Outcome;
  /** Who asked. */
  principal: Principal;
  /** The request's versioned name. */
  request: string;
  /** How many streams there were; none: all there are. */
  stream_count: number | null;
  /** With which streams: the first [`MAX_STREAMS`] of them. */
  streams: StreamId[];
  /** What was asked, in a few words for the owner. Never values. */
  summary: string;
  /** When. */
  time: Timestamp;
};

/** A receipt, and where it is. */
export type ReceiptShown = {
  /** When, RFC 3339. */
  at: string;
  /** The commit that holds it. */
  commit: number;
  /** What it says. */
  receipt: Receipt;
};

/** Receipts, newest first. */
export type ReceiptsAnswer = {
  /** Pass this as `before` for older ones; absent at the beginning. */
  next?: string | null;
  /** The receipts. */
  receipts: ReceiptShown[];
};

/** Which receipts, newest first. */
export type ReceiptsAsked = {
  /** Only of this act. */
  act?: Act | null;
  /** Receipts before this one: the `next` of an earlier answer. */
  before?: string | null;
  /** Only those that were allowed, or denied. */
  decision?: DecisionKind | null;
  /** At most this many: 1 to 500. */
  limit?: number;
  /** Only of principals whose DID contains this. */
  who?: string | null;
};

/** Receipts of what another device of the owner's answered by itself. */
export type ReceiptsBring = {
  /** Each in base64url of its canonical bytes, 200 at most. */
  receipts: string[];
};

/** How getting a twin back stands, on the new machine. */
export type RecoveryAnswer = {
  /** The claim's id. */
  claim: Digest;
  /** What each guardian compares and types. */
  digits: string;
  /** Each guardian. */
  guardians: RecoveryGuardian[];
  /** Shares that were handed over and are sound. */
  have: number;
  /** What it wants. */
  kind: ClaimKind;
  /** Shares that it takes; unknown before the first guardian has handed over theirs. */
  need?: number | null;
  /** Whether there are enough. */
  ready: boolean;
  /** Whose twin, once a guardian said. */
  ward?: Did | null;
  /** Whose twin, as it was named. */
  who: string;
};

/** Begins, on a new machine, to get somebody's twin back by their guardians. */
export type RecoveryBegin = {
  /** Whose twin: the name by which the guardians know them, or their DID. */
  who: string;
};

/** How a guardian stands to a claim, as the claimant knows it. */
export type RecoveryGuardian = {
  /** Who. */
  did: Did;
  /** Whether what they handed over is not what the owner gave them: it does not count, and they are named here. */
  lied: boolean;
  /** What they are called here. */
  name?: string | null;
  /** When they can hand over their share at the earliest, RFC 3339. */
  opens?: string | null;
  /** How it stands there, when it was last heard; absent: never reached. */
  state?: ClaimState | null;
  /** What went wrong last, in words. */
  words?: string | null;
};

/** Why there is no answer, and what would make one possible. */
export type Refused = {
  /** In a sentence. */
  because: string;
  /** What is missing, one thing each. */
  missing: string[];
};

/** What a rehearsal found. Nothing was opened, and no share has left its guardian. */
export type RehearsalAnswer = {
  /** So many shares it takes. */
  need: number;
  /** Guardians that hold a sound share now. */
  sound: number;
  /** Each step with each person. */
  steps: RehearsalStep[];
  /** Whether it would work now. */
  would_work: boolean;
};

/** One step of a rehearsal. */
export type RehearsalStep = {
  /** With whom. */
  did: Did;
  /** Whether it is an heir; else a guardian. */
  heir: boolean;
  /** What the owner calls them. */
  name?: string | null;
  /** Whether it went well. */
  ok: boolean;
  /** What was found, in words. */
  words: string;
};

/** What a repair did. */
export type RepairReport = {
  /** What was healed. */
  healed: Damage[];
  /** What could not be. */
  remaining: Damage[];
};

/** The owner's guardians. */
export type RingShown = {
  /** The guardians. */
  guardians: GuardianShown[];
  /** When it was split, RFC 3339. */
  made: string;
  /** What should be done, in plain words; empty when all is well. */
  notes?: string[];
  /** Whether enough guardians hold their share. */
  ready: boolean;
  /** Which round of splitting this is, from 1. What earlier rounds gave out is useless. */
  round: number;
  /** So many guardians have to hand over their share. */
  threshold: number;
  /** For how many days each of them waits first. */
  wait_days: number;
};

/** A member's part in a circle. */
export type Role = "creator" | "admin" | "member";

/** What another witness has seen of a twin that the two have in common. */
export type SeenAnswer = {
  /** The signed checkpoint that it cosigned last: canonical bytes in base64url; absent: none. */
  checkpoint?: string | null;
  /** Evidence against that twin: canonical bytes in base64url. */
  evidence?: string | null;
};

/** What a witness has seen of a twin that the two have in common. */
export type SeenIn = {
  /** The signed checkpoint: canonical bytes in base64url. */
  checkpoint: string;
  /** Evidence that the asking witness has against that twin: canonical bytes in base64url. */
  evidence?: string | null;
};

/** What is said of bytes that follow. */
export type Sent = {
  /** How many. */
  bytes: number;
  /** BLAKE3 of all of them. Absent where what is sent is named piece by piece. */
  digest?: Digest | null;
};

/** A plain sentence to be read: what would be done differently, and what is asked about. */
export type Sentence = {
  /** The question, English or German, at most 300 characters. */
  sentence: string;
};

/** Something eaten. */
export type Served = {
  /** Carbohydrate. */
  grams: number;
  /** Minutes from the start. */
  minute: number;
};

/** Words typed back. */
export type SetupCheck = {
  /** Word by place, from 1 to 24; at least three of them. */
  words: Record<string, never>;
};

/** A twin that was made. */
export type SetupDone = {
  /** Who it is. */
  did: Did;
};

/** The last step of a setup. */
export type SetupFinish = {
  /** What the owner is called. */
  name: string;
  /** A passphrase; without one the 24 words open the twin until a passkey does. */
  passphrase?: string | null;
};

/** The 24 words of a twin to be. */
export type SetupWords = {
  /** In order. */
  words: string[];
};

/** A share, or a list of shares: its bytes follow. */
export type ShareBytes = {
  /** How many, and their digest. */
  sent: Sent;
};

/** Shares that need not be kept any more. Of `share.drop@1`. */
export type ShareDrop = {
  /** Their names: 1 to 512. */
  shares: Digest[];
};

/** Which of the shares that are kept for the asker to list. Of `share.list@1`. */
export type ShareList = {
  /** Only names after this one. Default: from the first. */
  after?: Digest | null;
};

/** Names of shares that are kept for whoever asks. */
export type ShareNames = {
  /** The number of the list of shares that is kept, if one is. */
  manifest?: number | null;
  /** Whether there are more after the last. */
  more: boolean;
  /** In order; at most 2,048. */
  shares: Digest[];
  /** Bytes in use, of the asker's room. */
  used: number;
};

/** Pieces of shares, each with its way to the root, in the order asked. */
export type ShareProofs = {
  /** None where the share is not there, or not whole. */
  leaves: (LeafProof | null)[];
};

/** Show that shares are there: pieces of them that nobody could foresee. Of `share.prove@1`. */
export type ShareProve = {
  /** Which pieces: 1 to 128. */
  leaves: LeafAsked[];
};

/** A share to keep. Twins send these to each other, with the share's bytes beside. Of `share.put@1`. */
export type SharePut = {
  /** The bytes that follow. */
  sent: Sent;
  /** Its name: the root over its leaves of 1 KiB. */
  share: Digest;
};

/** A share that is wanted back. Of `share.get@1`. */
export type ShareWhich = {
  /** Its name. */
  share: Digest;
};

/** What `PublicKeyCredential.toJSON()` gives after `get`; further members are passed over. */
export type SignedCredential = {
  rawId: string;
  response: SignedResponse;
};

/** See [`SignedCredential`]. */
export type SignedResponse = {
  authenticatorData: string;
  clientDataJSON: string;
  signature: string;
  userHandle?: string | null;
};

/** What is to be simulated. */
export type Simulate = {
  /** Insulin beside the basal rate. */
  boluses?: Injected[];
  /** How long: 1 to 72 hours. */
  hours?: number;
  /** What is eaten. */
  meals?: Served[];
  /** A virtual person such as `adult#004`. Default: the owner, fitted to the owner's data. */
  person?: string | null;
  what: "glucose";
} | {
  /** Minutes that every bedtime is later; negative is earlier. */
  bedtime_later?: number;
  /** How many nights: 1 to 60. */
  nights?: number;
  what: "sleep";
} | {
  /** How many days: 1 to 365. */
  days?: number;
  /** What the usual load is multiplied by. */
  factor?: number;
  /** The stream of the load of a day. */
  load: StreamId;
  /** The stream that tells performance. */
  performance: StreamId;
  what: "training";
} | {
  /** Changed connections. */
  connections?: Connection[];
  /** What it multiplies excitation by: ½ to 2. */
  excitation?: number;
  /** What a drug multiplies inhibition by, in every region: ½ to 2. */
  inhibition?: number;
  /** Regions that are cut off: names, or numbers from 1; at most 20. */
  lesions?: string[];
  /** Minutes of brain time: 1 to 20. */
  minutes?: number;
  /** Where chance comes from. */
  seed?: number;
  what: "brain";
} | {
  /** The treatments; the first is what the others are compared with. */
  arms: TrialArm[];
  /** Days under each arm. */
  days: number;
  /** Whom they resemble: `adult`, `adolescent` or `child`. */
  group: string;
  /** How many people. */
  people: number;
  /** Decides who they are and what they eat. */
  seed?: number;
  what: "trial";
};

/** What a simulation gave. */
export type SimulateAnswer = SimulatedLines | SimulatedTrial;

/** How an arm fared. */
export type SimulatedArm = {
  /** 70 to 180 mg/dL. */
  in_range: number;
  /** Percent of time in range, against the first arm. */
  in_range_gained?: Contrast | null;
  /** Mean units of insulin a day. */
  insulin_u_per_day: number;
  /** Its name. */
  name: string;
  /** Over 180 mg/dL. */
  over_180: number;
  /** Under 54 mg/dL. */
  under_54: number;
  /** Under 70 mg/dL. */
  under_70: number;
  /** Percent of time under 70 mg/dL, against the first arm. */
  under_70_gained?: Contrast | null;
};

/** One line. */
export type SimulatedLine = {
  /** Its name. */
  name: string;
  /** Its unit. */
  unit: string;
  /** One value per step. */
  values: number[];
};

/** Lines over time. */
export type SimulatedLines = {
  /** Figures, such as time in range or correlation with the measured network. */
  figures: Parameter[];
  /** Lines. */
  lines: SimulatedLine[];
  /** What simulated it. */
  model: ModelUsed;
  /** What the owner should know. */
  notes: string[];
  /** Time of each step, from 0. */
  time: number[];
  /** Unit of time of the steps: `min` or `d`. */
  time_unit: string;
};

/** How one person fared under one arm. */
export type SimulatedPerson = {
  /** The arm's name. */
  arm: string;
  /** 70 to 180 mg/dL. */
  in_range: number;
  /** Mean units of insulin a day. */
  insulin_u_per_day: number;
  /** Over 180 mg/dL. */
  over_180: number;
  /** The person's number, from 1. */
  person: number;
  /** Under 54 mg/dL. */
  under_54: number;
  /** Under 70 mg/dL. */
  under_70: number;
};

/** A trial on virtual people. */
export type SimulatedTrial = {
  /** Arm by arm. */
  arms: SimulatedArm[];
  /** Simulated patient-days. */
  patient_days: number;
  /** Person by person and arm by arm. */
  people: SimulatedPerson[];
};

/** Against the day before. */
export type SinceYesterday = {
  /** Value less yesterday's; null where there was none. */
  since_yesterday: number | null;
};

/**
 * The origin of an observation, as far as the file tells. Two observations with equal sources, times and values
 * are the same observation, whichever export they came in, so nothing that changes from export to export (a
 * pointer in a device string, the time of export) may enter here.
 */
export type Source = {
  /** The account, patient or participant that the file says it is of: two people's files stay two people's. */
  account?: string | null;
  /** Accuracy as the maker states it (for example `MARD 9.0 %`). */
  accuracy?: string | null;
  /** The program or account that recorded it, for example `Zoë’s Apple Watch` or `Dexcom G6`. */
  app: string;
  /** That program's version. */
  app_version?: string | null;
  /** Calibration in force (for example a sensor's calibration code). */
  calibration?: string | null;
  /** UCUM code of the unit in the file, where it differs from the stream's and the value was converted. */
  converted_from?: string | null;
  /** The device's name. */
  device?: string | null;
  /** The person typed it in. */
  entered_by_hand?: boolean;
  /** The device's firmware or operating system version. */
  firmware?: string | null;
  /** The device's hardware revision. */
  hardware?: string | null;
  /** Who made the device. */
  manufacturer?: string | null;
  /** The device's model. */
  model?: string | null;
  /** Sampling as the maker states it (for example `1/min`, `mean over 60 s`). */
  sampling?: string | null;
};

/** One source on one stream. */
export type SourceQuality = {
  /** What it covers. */
  coverage: Coverage;
  /** The source. */
  source: string;
};

/** Room for a contact's copies on this twin's disk. Of `space.offer@1` (`space.list@1` takes nothing; both answer `SpaceShown`s). */
export type SpaceOffer = {
  /** How many bytes: 1 MiB to 16 TiB. */
  bytes: number;
  /** Their name, the beginning of it, or their DID. */
  contact: string;
  /** For how many days from now: 1 to 3,660. */
  days: number;
};

/** Room that one of two contacts gives the other. */
export type SpaceShown = {
  /** How many bytes at most. */
  bytes: number;
  /** The contract: `contracts.accept@1` and `contracts.end@1` take it. */
  contract: Digest;
  /** Who keeps it deletes it then, RFC 3339; set once no contract of room is in force any more. */
  deleted?: string | null;
  /** The contact. */
  did: Did;
  /** In force until, RFC 3339. */
  expires: string;
  /** Whether the owner gives the room; else the contact does. */
  given: boolean;
  /** What the owner calls them, if they are known still. */
  name?: string | null;
  /** How it stands. */
  state: ContractState;
  /** Whether a paper of the owner's has not arrived yet. */
  undelivered: boolean;
  /** How many of them are in use, as far as this twin knows. */
  used: number;
};

/** How the twin is. */
export type Status = {
  /** Bytes of the journal on disk. */
  bytes: number;
  /** Commits in the journal. */
  commits: number;
  /** The device that answers. */
  device: Did;
  /** Who the twin is. */
  did: Did;
  /** Root of the history over all commits. */
  history: Digest;
  /** What the owner should know or do, in plain words; empty when all is well. */
  notices: string[];
  /** Observations kept. */
  observations: number;
  /** Streams kept. */
  streams: number;
  /** Version of the program. */
  version: string;
};

/** Of one stream. */
export type StreamCounts = {
  /** Observations that are new. */
  added: number;
  /** Observations that were here already. */
  duplicate: number;
  /** Observations read so far, new or not, while it runs. */
  read?: number;
};

export type StreamId = string;

/** A stream and what there is of it. */
export type StreamInfo = {
  /** A standard's code for it. */
  code?: Code | null;
  /** Observations. */
  count: number;
  /** Start of the first one, RFC 3339. */
  first: string;
  /** Its name. */
  id: StreamId;
  /** What its values are. */
  kind: Kind;
  /** What people call it. */
  label: string;
  /** End of the last one, RFC 3339. */
  last: string;
  /** Sources, one line each. */
  sources: string[];
  /** First and last as wall-clock milliseconds, for charts. */
  span: [number, number];
  /** UCUM code. */
  unit: string;
};

/** How good a stream is. */
export type StreamQuality = {
  /** How sources that measured in the same minutes agree (only when one stream was asked for, of numbers). */
  agreement?: Agreement[];
  /** Over all sources. */
  coverage: Coverage;
  /** Observations that imports left out because they were here already. */
  duplicates: number;
  /** What people call it. */
  label: string;
  /** Each source. */
  sources: SourceQuality[];
  /** The stream. */
  stream: StreamId;
  /** UCUM code. */
  unit: string;
};

/** Where what is asked lies among what has been. */
export type Support = {
  /** What it is with it. */
  asked: number;
  /** The most there has been. */
  highest: number;
  /** Whether what is asked lies within the 90 % in the middle. */
  inside: boolean;
  /** The least there has been. */
  lowest: number;
  /** One day in twenty is below. */
  q05: number;
  /** One day in twenty is above. */
  q95: number;
  /** Unit of these numbers. */
  unit: string;
  /** What it would be without the change. */
  usual: number;
};

/** What a member's twin has of a circle, and what it wants and brings. */
export type SyncIn = {
  /** Of which circle. */
  circle: Digest;
  /** Canonical bytes of `didymos_circle::Sync` follow. */
  sync: Sent;
};

/** A step of synchronising a circle. */
export type SyncOut = {
  /** Canonical bytes of `didymos_circle::Sync` follow. */
  sync: Sent;
};

/** How a task was done. */
export type TaskVerdict = {
  /** The best, which is used. */
  best: string;
  /** By which share of the next best's figure it is better. */
  better_by: number;
  /** Every method with its figure. */
  figures: MethodFigure[];
  /** What was judged: hidden values, days, or pairs of days. */
  judged: number;
  /** In a sentence. */
  says: string;
  /** `imputation`, `similar_days` or `anomaly`. */
  task: string;
};

/** Milliseconds since 1970-01-01T00:00:00Z, no leap seconds. */
export type Timestamp = number;

/** Which day to look at. */
export type Today = {
  /** The day, `2024-05-01`. Default: the last day that was measured; with nothing but a calendar, the present one. */
  date?: string | null;
};

/** A day, beside what is normal for the owner. */
export type TodayAnswer = {
  /** The day's events from calendars, those about whole days first, then by their beginning; at most 50. */
  agenda: AgendaItem[];
  /** Events of the day beyond those. */
  agenda_more: number;
  /** Events whose coming again is of a kind that is not followed, so that they may be missing here. */
  agenda_refused: number;
  /** Three to five values (fewer where there is too little data), the most unusual first. */
  cards: Card[];
  /** What differs most from the day before, biggest first, measured by what is normal. */
  changed: Change[];
  /** The day, `2024-05-01`; absent while there is no data at all. */
  date?: string | null;
  /** Streams that could not be judged, and what is missing. */
  missing: Missing[];
  /** Streams of numbers that there are. */
  of: number;
  /** Streams of numbers that have a value on the day. */
  streams: number;
};

/** A new token. Nobody can show it again. */
export type TokenCreated = {
  /** The token, for the header `Authorization: Bearer …`. */
  secret: string;
  /** How it is listed. */
  token: TokenShown;
};

/** A token to be made. */
export type TokenNew = {
  /** For how many days it is in force: 1 to 3660. */
  days?: number;
  /** What will deliver with it, in the owner's words; at most 60 characters. */
  name: string;
};

/** A token of a live source. */
export type TokenShown = {
  /** When it was made, RFC 3339. */
  created: string;
  /** Who delivers with it, as receipts name them. */
  did: Did;
  /** Until when it is in force, RFC 3339. */
  expires: string;
  /** The last delivery that was let in, RFC 3339; absent if there is none among the newest receipts. */
  last?: string | null;
  /** What the owner calls it. */
  name: string;
  /** Whether it may deliver. */
  state: TokenState;
};

/** Whether a token may deliver. */
export type TokenState = "in_force" | "expired" | "revoked";

/** A token. */
export type TokenWhich = {
  /** Its DID, as `tokens.list@1` gives it. */
  did: Did;
};

/** How right such answers have been: each past day told from the days before it alone. */
export type TrackRecord = {
  /** Days or windows that could be checked. */
  checked: number;
  /** Share of checked values within the 50 % band. */
  coverage_50: number;
  /** Within the 80 % band. */
  coverage_80: number;
  /** Within the 95 % band. */
  coverage_95: number;
  /** Share of those on which the outcome went the way the model said. */
  direction_right: number;
  /** Mean absolute error where the changed thing is known. */
  error: number;
  /** The same where it is not known. */
  error_without: number;
  /** In a sentence. */
  says: string;
  /** 1 − error / error without: how much knowing it helps; may be negative. */
  skill: number;
  /** Checked days on which the changed thing was far from usual. */
  unusual: number;
};

/** What is done to an answer before it leaves. In canonical form: `0`, or an array of number and arguments. */
export type Transform = "none" | {
  coarsen: {
    /** Length of a stretch in milliseconds; a multiple of it may be asked for. */
    resolution_ms: number;
  };
};

/** A treatment with a name. */
export type TrialArm = {
  /** What it is called in the results. */
  name: string;
  /** What is done. */
  treatment: TrialTreatment;
};

/** A trial that would settle a question. */
export type TrialOffer = {
  /** How many days it takes. */
  days: number;
  /** What to send. */
  experiment: Experiment;
  /** In a sentence. */
  says: string;
  /** The least difference it would show in four of five such trials, in the outcome's unit. */
  shows: number;
};

/** What is done. */
export type TrialTreatment = {
  /** Of the basal rate. */
  basal_factor?: number;
  /** Of the meals' boluses. */
  bolus_factor?: number;
  kind: "basal-bolus";
} | {
  kind: "pid";
} | {
  kind: "planner";
  /** How many days it learns from: 2 to 60. */
  learn_days: number;
};

/** What taking an import back did. */
export type UndoAnswer = {
  /** Observations that do not count any more. */
  observations: number;
};

/** What unlocks. */
export type Unlock = {
  /** The passphrase. */
  passphrase: string;
};

/** Which upload. */
export type UploadRemove = {
  /** Its id. */
  job: string;
};

/** An upload. */
export type UploadWhich = {
  /** The id that the upload was answered with. */
  job: string;
};

/** An upload that was received. */
export type Uploaded = {
  /** Its id, as `imports.list@1` tells it until it is imported. */
  job: string;
};

/** One use of a contract: the ask, signed by who asked, and that it was answered, signed by who answered. */
export type UseShown = {
  /** Digest of the answer; what was seen is kept by nobody. */
  answer: Digest;
  /** The device that signed the answer. */
  answered_by: Did;
  /** Digest of the ask. */
  ask: Digest;
  /** The device that signed the ask. */
  asked_by: Did;
  /** When, by the clock of who answered, RFC 3339. */
  at: string;
  /** Whether the owner asked; else the contact did. */
  by_owner: boolean;
  /** How fine, as it was asked; the contract may allow coarser only. */
  every?: string | null;
  /** From when on, as it was asked. */
  from?: string | null;
  /** Both signatures were checked just now and hold. They cannot be checked once a contact is forgotten. */
  holds: boolean;
  /** Name of the request; empty where this version does not know it. */
  request: string;
  /** The stream. */
  stream?: StreamId | null;
  /** Until when, as it was asked. */
  to?: string | null;
};

/** Uses of a contract, newest first. */
export type UsesAnswer = {
  /** Pass this as `before` for older ones; absent at the first use. */
  next?: string | null;
  /** The uses. */
  uses: UseShown[];
};

/** Which uses of which contract. */
export type UsesAsked = {
  /** Uses before this one: the `next` of an earlier answer. */
  before?: string | null;
  /** The contract's id, or the beginning of it: at least 4 digits. */
  contract: string;
  /** At most so many: 1 to 200. */
  limit?: number;
};

/** What was observed. */
export type Value = {
  number: number;
} | {
  category: string;
} | {
  text: string;
} | {
  position: {
    /** Degrees north, −90 to 90. */
    lat: number;
    /** Degrees east, −180 to 180. */
    lon: number;
  };
} | {
  event: string;
};

/** How it was decided. */
export type Verdict = {
  allowed: {
    /** Why. */
    because: Basis2;
    /** What was done to the answer. */
    transform: Transform;
  };
} | {
  denied: {
    /** Why not. */
    because: Reason;
  };
};

/** What a reading of everything found. */
export type VerifyReport = {
  /** Commits whose chain and signature hold. */
  commits: number;
  /** Whatever does not hold; empty when all is well. */
  damaged: Damage[];
  /** Objects whose digest, seal and root hold. */
  objects: number;
  /** Observations in them. */
  observations: number;
};

/** A window of a stream as a chart wants it. */
export type View = {
  /** First wall-clock millisecond (as UTC milliseconds would be, had the owner's clock shown UTC). */
  from: number;
  /** About how many points the chart has room for: 16 to 4,000. */
  points: number;
  /** The stream. */
  stream: StreamId;
  /** Last wall-clock millisecond, exclusive. */
  to: number;
};

/** A window for a chart, in columns of equal length. Times are wall-clock milliseconds. */
export type ViewAnswer = {
  /** Width of a bucket in milliseconds; 0 means that the columns hold single observations. */
  bucket: number;
  /** Observations in each bucket (only when `bucket` is not 0), of whatever kind. */
  count: number[];
  /** End of each observation (only when `bucket` is 0). */
  end: number[];
  /** Labels or texts, where values are no numbers and `bucket` is 0. */
  label: string[];
  /** Largest value of each bucket (only when `bucket` is not 0). */
  max: number[];
  /** Mean of each bucket (only when `bucket` is not 0). */
  mean: number[];
  /** Smallest value of each bucket of numbers; the value itself when `bucket` is 0 and values are numbers. */
  min: number[];
  /** Sum of each bucket (only when `bucket` is not 0). */
  sum: number[];
  /** Start of each bucket or observation. */
  time: number[];
  /** UCUM code of every value. */
  unit: string;
};

/** Somebody whose guardian the owner is, or is asked to be. */
export type WardShown = {
  /** Who. */
  did: Did;
  /** of so many. */
  guardians: number;
  /** When their last sign of life came, RFC 3339. */
  heard?: string | null;
  /** Their heirs. */
  heirs?: Did[];
  /** What the owner calls them, if they are a contact still. */
  name?: string | null;
  /** Which round of theirs. */
  round: number;
  /** After how many days without a sign of life their heirs may come; absent: they named none. */
  silence_days?: number | null;
  /** How many whole days there was no sign of life, as the owner's twin counted them. */
  silent_days?: number | null;
  /** When they asked, RFC 3339. */
  since: string;
  /** How it stands. */
  state: WardState;
  /** So many guardians it takes, */
  threshold: number;
  /** For how many days the owner's twin waits before it hands the share over. */
  wait_days: number;
};

/** How it stands with somebody whose guardian the owner is. */
export type WardState = "asking" | "holding" | "ended" | "lost";

/** Whose guardian the owner is, or is to be. */
export type WardWhich = {
  /** Their name, the beginning of it, or their DID. */
  ward: string;
};

/** A contact whose checkpoints this twin cosigns. */
export type WatchedShown = {
  /** Commits of the last checkpoint that was cosigned. */
  commits: number;
  /** When it was cosigned, RFC 3339. */
  cosigned: string;
  /** Who. */
  did: Did;
  /** Whether they have shown two histories: nothing of theirs is cosigned any more. */
  forked: boolean;
  /** What the owner calls them. */
  name?: string | null;
  /** Its root. */
  root: Digest;
};

/** A file to put on a domain. */
export type WebFile = {
  /** Its path on the domain, without a slash in front. */
  path: string;
  /** What is in it. */
  text: string;
};

/** This device was let into a circle. */
export type WelcomeIn = {
  /** Canonical bytes of `didymos_circle::Invitation` follow. */
  invitation: Sent;
};

/** A question about what would be: in plain words, or as typed values. */
export type WhatIf = {
  /** How far ahead. Default: 7d for days, 8h for glucose. */
  horizon?: Every | null;
  /** What is done differently, at most 4. */
  interventions?: Intervention[];
  /** What is asked about. Default: what the model is about, or the streams that follow the changed one most closely. */
  outcome?: StreamId | null;
  /** Where chance comes from: the same seed gives the same answer. */
  seed?: number;
  /** The question in plain words. What is also given typed wins over what the words say. */
  sentence?: string | null;
  /** Only observations whose source's text contains this, ignoring case. */
  source?: string | null;
};

/** Two futures and what they rest on, or why there are none. */
export type WhatIfAnswer = {
  /** Whether this is a cause, and what would settle it. */
  causal?: Causal | null;
  /** What could be meant, where the question leaves it open and is refused for that; the likeliest first. */
  choices?: Choice[];
  /** What answered. */
  model?: ModelUsed | null;
  /** What else was done or passed over. */
  notes: string[];
  /** The futures, the one that tells most first. */
  outcomes: Futures[];
  /** Why there is no answer; then everything below is empty. */
  refused?: Refused | null;
  /** What was answered. */
  understood: Reading;
  /** What the owner should know before believing it. */
  warnings: string[];
};

/** One observation, by its stream and time. */
export type Which = {
  /** The stream. */
  stream: StreamId;
  /** The moment: the observation that starts nearest to it is meant. */
  time: Moment;
};

/** A stream that is to be more, or less. */
export type Wish = {
  /** The stream. */
  stream: StreamId;
  /** How much it counts: 1 for more, -1 for less, other numbers for more or less important. */
  weight?: number;
};

/** A witness of the owner's. */
export type WitnessShown = {
  /** So many commits they have cosigned; 0: none yet. */
  commits: number;
  /** When they cosigned, by their clock, RFC 3339. */
  cosigned?: string | null;
  /** Who. */
  did: Did;
  /** What the owner calls them, if they are a contact still. */
  name?: string | null;
  /** What they said last, where it was no cosignature: for example that they have seen a longer history. */
  words?: string | null;
};

/** Names a contact as a witness of the owner's journal, or no more. */
export type WitnessWhich = {
  /** Their name, the beginning of it, or their DID. */
  contact: string;
};

/** What a witness answers to a checkpoint. */
export type Witnessed = {
  cosigned: string;
} | {
  prove: {
    /** The signed checkpoint: canonical bytes in base64url. */
    last: string;
  };
} | {
  forked: string;
};

/** Everything about witnesses. */
export type WitnessesAnswer = {
  /** Commits in the owner's journal now. */
  commits: number;
  /** Twins that have shown two histories. */
  forks: ForkShown[];
  /** Whose journals this twin has witnessed. */
  watched: WatchedShown[];
  /** Who witnesses the owner's journal. */
  witnesses: WitnessShown[];
};

/** secret words: not kept, not printed, not receipted */
export type Words = string;

/** Requests of the door: `POST /api/NAME`. */
export interface Requests {
  /** Names a place that keeps a copy. */
  "backup.add@1": { params: BackupAdd; answer: never };
  /** Reads the copies back and compares them with the journal. */
  "backup.check@1": { params: BackupWhich; answer: BackupReport[] };
  /** The places that keep copies. */
  "backup.list@1": { params: Record<string, never>; answer: BackupReport[] };
  /** Copies what the places do not have yet. */
  "backup.run@1": { params: BackupWhich; answer: BackupReport[] };
  /** Lets a member let others in and put others out, or no longer. */
  "circle.admin@1": { params: CircleAdmin; answer: CircleShown[] };
  /** Makes a circle, and asks contacts to join it. */
  "circle.create@1": { params: CircleNew; answer: CircleShown[] };
  /** Asks a contact to join a circle. */
  "circle.invite@1": { params: CircleWho; answer: CircleShown[] };
  /** A key package, with which a contact may let this device into a circle. Twins ask each other. */
  "circle.keypackage@1": { params: KeyPackageAsked; answer: never };
  /** Leaves a circle. What was received before stays. */
  "circle.leave@1": { params: CircleWhich; answer: CircleShown[] };
  /** Circles and conversations, the one with the newest message first. */
  "circle.list@1": { params: Record<string, never>; answer: CircleShown[] };
  /** A piece of a file. Twins ask each other. */
  "circle.piece@1": { params: PieceAsked; answer: never };
  /** Puts a member out of a circle: they read nothing that is written from then on. */
  "circle.remove@1": { params: CircleWho; answer: CircleShown[] };
  /** Names a circle. */
  "circle.rename@1": { params: CircleRename; answer: CircleShown[] };
  /** Renews this device's keys in a circle at once: whoever stole the old ones reads nothing from then on. */
  "circle.renew@1": { params: CircleWhich; answer: CircleShown[] };
  /** What each side has and lacks of a circle. Twins ask each other. */
  "circle.sync@1": { params: SyncIn; answer: never };
  /** This device was let into a circle. Twins send these to each other. */
  "circle.welcome@1": { params: WelcomeIn; answer: never };
  /** Names, blocks, unblocks or forgets a contact. */
  "contacts.change@1": { params: ContactChange; answer: ContactShown[] };
  /** People whose twins this one knows. */
  "contacts.list@1": { params: Record<string, never>; answer: ContactShown[] };
  /** Accepts what a contact offers. */
  "contracts.accept@1": { params: ContractWhich; answer: ContractShown[] };
  /** Ends a contract, or takes an offer back, or turns one down. */
  "contracts.end@1": { params: ContractWhich; answer: ContractShown[] };
  /** Every contract with contacts, newest first. */
  "contracts.list@1": { params: Record<string, never>; answer: ContractShown[] };
  /** Looks at what a contact lets the owner see. */
  "contracts.look@1": { params: Look; answer: LookAnswer };
  /** Offers a contact to see some of the owner's data. */
  "contracts.offer@1": { params: ContractOffer; answer: ContractShown[] };
  /** A paper of a contract. Twins send these to each other. */
  "contracts.paper@1": { params: PaperIn; answer: never };
  /** What a contract of such terms would show of a stream, before it is offered: made by what would answer. */
  "contracts.preview@1": { params: ContractPreview; answer: QueryAnswer };
  /** Each use of a contract as both sides have signed it, newest first. */
  "contracts.uses@1": { params: UsesAsked; answer: UsesAnswer };
  /** Has friends show that they keep what they should. */
  "copies.audit@1": { params: CopiesWhich; answer: CopiesShown };
  /** A ticket for a friend who restores their twin on a new machine. */
  "copies.help@1": { params: Record<string, never>; answer: HelpAnswer };
  /** How many shares are enough, and how many friends may be lost. */
  "copies.set@1": { params: CopiesSet; answer: CopiesShown };
  /** Spreads the journal as it is now over the friends who give room for it, and makes anew what is missing. */
  "copies.spread@1": { params: Record<string, never>; answer: CopiesShown };
  /** How the owner's copies at friends stand, as far as is known without asking anybody. */
  "copies.status@1": { params: Record<string, never>; answer: CopiesShown };
  /** Makes a ticket for another machine of the owner's (`twin device join` there), and waits for it. Once the digits
were compared it is a device: it keeps a whole live copy. */
  "devices.add@1": { params: DeviceAdd; answer: PairingShown[] };
  /** The owner's own devices and viewers. */
  "devices.list@1": { params: Record<string, never>; answer: DevicesAnswer };
  /** This device keeps a copy, and the one that wrote is lost: this one writes from now on, and the lost one is revoked. */
  "devices.promote@1": { params: DevicePromote; answer: DevicesAnswer };
  /** Takes a device's or a viewer's rights away, at once. */
  "devices.revoke@1": { params: DeviceRevoke; answer: DevicesAnswer };
  /** Makes a ticket for a computer that may open the twin's page (`twin connect` there) and holds nothing. */
  "devices.viewer@1": { params: Record<string, never>; answer: PairingShown[] };
  /** Writes everything out in open formats. */
  "export.all@1": { params: Export; answer: never };
  /** Asks for a file that was too large to be fetched by itself. */
  "file.fetch@1": { params: FileWhich; answer: FileShown };
  /** Part of the file of a message. */
  "file.read@1": { params: FileRead; answer: FilePart };
  /** Writes the file of a message to disk. */
  "file.save@1": { params: FileSave; answer: never };
  /** Brings part of a file that is to be sent. */
  "file.stage@1": { params: FileStage; answer: FileStaged };
  /** Stages a file of the twin's machine that is to be sent. */
  "file.take@1": { params: FileTake; answer: never };
  /** Is somebody's guardian. */
  "guardians.accept@1": { params: WardWhich; answer: GuardiansAnswer };
  /** The guardian's word that a claim comes from the person, after comparing digits. */
  "guardians.approve@1": { params: ClaimApprove; answer: GuardiansAnswer };
  /** The owner's word that a claim on their own twin is theft: no guardian hands anything over for it. */
  "guardians.cancel@1": { params: ClaimWhich; answer: GuardiansAnswer };
  /** A claimant's machine asks a guardian's twin how its claim stands. */
  "guardians.collect@1": { params: Collect; answer: never };
  /** The guardian's word that it does not. */
  "guardians.deny@1": { params: ClaimWhich; answer: GuardiansAnswer };
  /** Has no guardians any more: each is told to destroy their share. */
  "guardians.end@1": { params: Record<string, never>; answer: GuardiansAnswer };
  /** The owner's guardians, those whose guardian the owner is, and claims. */
  "guardians.list@1": { params: Record<string, never>; answer: GuardiansAnswer };
  /** A paper about guardians or heirs. Twins send these to each other. */
  "guardians.paper@1": { params: GuardPaperIn; answer: never };
  /** A twin asks its guardian's, or its heir's, whether all would go well. */
  "guardians.probe@1": { params: Probe; answer: never };
  /** Is not, or not any more: the share is destroyed. */
  "guardians.refuse@1": { params: WardWhich; answer: GuardiansAnswer };
  /** Goes through every step with guardians and heirs, and opens nothing. */
  "guardians.rehearse@1": { params: Record<string, never>; answer: RehearsalAnswer };
  /** Splits the recovery phrase among guardians, and sends each their share. */
  "guardians.set@1": { params: GuardiansSet; answer: GuardiansAnswer };
  /** Claims what was left to the owner, and asks how it stands. */
  "heirs.claim@1": { params: Inheritance; answer: RecoveryAnswer };
  /** The owner's heirs, and from whom the owner inherits. */
  "heirs.list@1": { params: Record<string, never>; answer: HeirsAnswer };
  /** Opens what was left to the owner, once enough guardians have handed over their share. */
  "heirs.open@1": { params: Inheritance; answer: Inherited };
  /** Names heirs and what each gets. */
  "heirs.set@1": { params: HeirsSet; answer: HeirsAnswer };
  /** The twin's DID document (W3C DID Core 1.0). */
  "identity.document@1": { params: Record<string, never>; answer: Record<string, unknown> };
  /** Takes in files that lie on the twin's own machine. */
  "import.files@1": { params: Import; answer: never };
  /** A file that another device of the owner's sends, to be imported here. */
  "import.sent@1": { params: ImportSent; answer: never };
  /** Takes a whole import back. Nothing is erased from the journal; what it brought does not count any more. */
  "import.undo@1": { params: ImportWhich; answer: UndoAnswer };
  /** Takes in a file that was uploaded. The twin asks this itself when the upload's turn comes. */
  "import.upload@1": { params: UploadWhich; answer: never };
  /** Imports, newest first: done, under way and waiting. */
  "imports.list@1": { params: Record<string, never>; answer: ImportsAnswer };
  /** Commits and receipts, newest first. */
  "journal.log@1": { params: Log; answer: LogAnswer };
  /** What another device of the owner's lacks of the journal; its bytes follow the answer. */
  "journal.pull@1": { params: JournalPull; answer: never };
  /** Heals what `verify` finds, from the backups. */
  "journal.repair@1": { params: Record<string, never>; answer: RepairReport };
  /** Reads and hashes everything again. */
  "journal.verify@1": { params: Record<string, never>; answer: VerifyReport };
  /** That list back. */
  "manifest.get@1": { params: Record<string, never>; answer: never };
  /** The sealed list of the asker's shares, to keep. */
  "manifest.put@1": { params: ManifestPut; answer: never };
  /** A page of a circle's messages. */
  "message.list@1": { params: Messages; answer: MessagesAnswer };
  /** Says that messages were seen. */
  "message.read@1": { params: MessageRead; answer: MessagesAnswer };
  /** Writes to a circle or a contact. */
  "message.send@1": { params: MessageNew; answer: MessagesAnswer };
  /** Keeps the owner's connectome, and fits a model of the brain to a scan if there is one. */
  "mirror.brain.add@1": { params: BrainAdd; answer: BrainShown };
  /** What is kept of the owner's brain. */
  "mirror.brain.show@1": { params: Record<string, never>; answer: BrainShown };
  /** Asks about days: which are alike, which unusual, what unmeasured hours would have been, the state of the person. */
  "mirror.days@1": { params: Days; answer: DaysAnswer };
  /** Lays out a randomised trial on oneself and keeps it. */
  "mirror.experiment.add@1": { params: Experiment; answer: ExperimentShown };
  /** Ends an experiment before its time. */
  "mirror.experiment.end@1": { params: ExperimentWhich; answer: ExperimentShown };
  /** Experiments, newest first. */
  "mirror.experiment.list@1": { params: Record<string, never>; answer: ExperimentShown[] };
  /** One experiment with its schedule and, when it is over, its result. */
  "mirror.experiment.show@1": { params: ExperimentWhich; answer: ExperimentShown };
  /** What comes next on a stream, how sure that is, and how right such answers have been. */
  "mirror.forecast@1": { params: Forecast; answer: ForecastAnswer };
  /** Makes up days of the owner, unless they would be real ones in disguise. */
  "mirror.generate@1": { params: Generate; answer: GenerateAnswer };
  /** What goes before what: streams, calendar and the lagged edges between them, with their evidence. */
  "mirror.graph@1": { params: Graph; answer: GraphAnswer };
  /** Learns the models that the mirror keeps, or goes on learning them. */
  "mirror.learn@1": { params: Learn; answer: LearntModel[] };
  /** How the models that the mirror keeps stand. */
  "mirror.learnt@1": { params: Record<string, never>; answer: LearntModel[] };
  /** Proposes what to do in the coming days, within limits. */
  "mirror.propose@1": { params: Propose; answer: ProposeAnswer };
  /** What a plain question asks: its typed reading, to be checked. */
  "mirror.read@1": { params: Sentence; answer: Reading };
  /** A body moved on under what is said of it, or a trial on virtual people. */
  "mirror.simulate@1": { params: Simulate; answer: SimulateAnswer };
  /** What would be: two futures from the same noise, the effect, what it rests on, and how right such answers were. */
  "mirror.what_if@1": { params: WhatIf; answer: WhatIfAnswer };
  /** One observation with its whole provenance. */
  "observation.show@1": { params: Which; answer: Provenance };
  /** The owner's word: the digits are the same on both sides, or they are not. */
  "pair.confirm@1": { params: PairConfirm; answer: PairingShown[] };
  /** Makes a ticket for somebody else's twin, and waits for it. */
  "pair.invite@1": { params: Record<string, never>; answer: PairingShown[] };
  /** Goes to the twin that made a ticket. */
  "pair.join@1": { params: PairJoin; answer: PairingShown[] };
  /** Pairings under way, and how they ended. */
  "pair.list@1": { params: PairAsked; answer: PairingShown[] };
  /** Writes what to put on a domain, so that contacts find this twin by it. */
  "phonebook.export@1": { params: PhoneBookExport; answer: PhoneBookFiles };
  /** Chooses them. */
  "phonebook.set@1": { params: PhoneBookSet; answer: PhoneBookShown };
  /** Which sources are asked where contacts are. */
  "phonebook.show@1": { params: Record<string, never>; answer: PhoneBookShown };
  /** A proof that one observation is in the signed journal; it reveals nothing else. */
  "proof.inclusion@1": { params: Which; answer: ProofAnswer };
  /** The same, with the words of witnesses that have seen its commit: it reveals who they are, too. */
  "proof.witnessed@1": { params: Which; answer: ProofAnswer };
  /** Copies, recovery phrase, devices and passkeys. */
  "protect.status@1": { params: Record<string, never>; answer: ProtectAnswer };
  /** Coverage, gaps and sampling of streams and sources, and how sources agree. */
  "quality.coverage@1": { params: Quality; answer: QualityAnswer };
  /** Receipts of what another device of the owner's answered by itself. */
  "receipts.bring@1": { params: ReceiptsBring; answer: never };
  /** Who did what, when, and with what decision, newest first. */
  "receipts.list@1": { params: ReceiptsAsked; answer: ReceiptsAnswer };
  /** On a new machine: claims somebody's twin back from their guardians. */
  "recovery.begin@1": { params: RecoveryBegin; answer: RecoveryAnswer };
  /** Asks every guardian how it stands, and collects what they hand over. */
  "recovery.status@1": { params: Record<string, never>; answer: RecoveryAnswer };
  /** Searches over everything owned: days, streams, sources, events, labels and texts, files, commits, receipts. */
  "search.find@1": { params: Find; answer: FindAnswer };
  /** Shares that need not be kept any more. */
  "share.drop@1": { params: ShareDrop; answer: never };
  /** A share back. */
  "share.get@1": { params: ShareWhich; answer: never };
  /** Which shares are kept for the asker. */
  "share.list@1": { params: ShareList; answer: never };
  /** Pieces of shares that show that they are there. */
  "share.prove@1": { params: ShareProve; answer: never };
  /** A share to keep. Twins send these to each other. */
  "share.put@1": { params: SharePut; answer: never };
  /** Room that the owner and contacts give each other, newest first. */
  "space.list@1": { params: Record<string, never>; answer: SpaceShown[] };
  /** Offers a contact room for their copies. Accepted and ended like any contract. */
  "space.offer@1": { params: SpaceOffer; answer: SpaceShown[] };
  /** Every stream with its unit, span and sources. */
  "streams.list@1": { params: Record<string, never>; answer: StreamInfo[] };
  /** Statistics per bucket of wall-clock time, or the observations themselves. */
  "timeline.query@1": { params: Query; answer: QueryAnswer };
  /** What a chart of a given width needs: min/max bands while there are more points than pixels, points after. */
  "timeline.view@1": { params: View; answer: ViewAnswer };
  /** The values of one day that are most unusual for the owner, each beside its normal range. */
  "today.cards@1": { params: Today; answer: TodayAnswer };
  /** Makes a token that may deliver files and nothing else. The answer tells it, once. */
  "tokens.create@1": { params: TokenNew; answer: TokenCreated };
  /** Tokens with which programs and devices of the owner's deliver files by themselves, newest first. */
  "tokens.list@1": { params: Record<string, never>; answer: TokenShown[] };
  /** Ends a token at once. What it delivered stays, and can be taken back like any import. */
  "tokens.revoke@1": { params: TokenWhich; answer: TokenShown[] };
  /** How the twin is: identity, sizes, what needs attention. */
  "twin.status@1": { params: Record<string, never>; answer: Status };
  /** Names a contact as a witness of the owner's journal. */
  "witness.add@1": { params: WitnessWhich; answer: WitnessesAnswer };
  /** A twin brings its witness a checkpoint to cosign. */
  "witness.checkpoint@1": { params: CheckpointIn; answer: never };
  /** A witness asks a twin to connect two of its checkpoints. */
  "witness.consistency@1": { params: ConsistencyAsked; answer: never };
  /** Evidence of two histories, as a file that anybody can check. */
  "witness.evidence@1": { params: ForkWhich; answer: EvidenceAnswer };
  /** Witnesses, whom the owner witnesses, and who was caught with two histories. */
  "witness.list@1": { params: Record<string, never>; answer: WitnessesAnswer };
  /** Names them no more. */
  "witness.remove@1": { params: WitnessWhich; answer: WitnessesAnswer };
  /** Two witnesses of a twin compare what it has shown to each. */
  "witness.seen@1": { params: SeenIn; answer: never };
}

/** What is asked outside the door. */
export interface Routes {
  /** Erases the twin from this machine. Copies elsewhere stay. */
  "POST /api/delete": { params: Delete; answer: undefined };
  /** Wipes the keys from memory and ends every session. */
  "POST /api/lock": { params: Record<string, never>; answer: undefined };
  /** This document. */
  "GET /api/openapi.json": { params: undefined; answer: Record<string, unknown> };
  /** Options for `navigator.credentials.create`, with a PRF input. */
  "POST /api/passkey/register/begin": { params: Record<string, never>; answer: Record<string, unknown> };
  /** Makes a new passkey a key of the twin. */
  "POST /api/passkey/register/finish": { params: PasskeyRegister; answer: PasskeyShown };
  /** Removes a passkey; the last key stays. */
  "POST /api/passkey/remove": { params: PasskeyWhich; answer: undefined };
  /** The owner's passkeys. */
  "GET /api/passkeys": { params: undefined; answer: Passkeys };
  /** Whether these are the twin's 24 words; if so, the day is kept. */
  "POST /api/phrase/check": { params: PhraseCheck; answer: undefined };
  /** Ends this session. */
  "POST /api/session/end": { params: Record<string, never>; answer: undefined };
  /** The 24 words of a new twin; asked again, the same. */
  "POST /api/setup/begin": { params: Record<string, never>; answer: SetupWords };
  /** Compares words that were typed back. */
  "POST /api/setup/check": { params: SetupCheck; answer: undefined };
  /** Makes the twin. */
  "POST /api/setup/finish": { params: SetupFinish; answer: SetupDone };
  /** Receives a file; its import begins when its turn comes. */
  "POST /api/upload": { params: Blob; answer: Uploaded };
  /** Removes an upload that waits or failed, or stops its import. */
  "POST /api/upload/remove": { params: UploadRemove; answer: undefined };
  /** Options for `navigator.credentials.get`, with PRF inputs. Needs no session. */
  "POST /auth/passkey/login/begin": { params: Record<string, never>; answer: Record<string, unknown> };
  /** Opens the twin with a passkey, and begins a session. Needs none. */
  "POST /auth/passkey/login/finish": { params: PasskeyLogin; answer: undefined };
  /** How the twin stands, and whether the caller has a session. Needs none. */
  "GET /auth/state": { params: undefined; answer: AuthState };
  /** Opens the twin with the passphrase, and begins a session. Needs none. */
  "POST /auth/unlock": { params: Unlock; answer: undefined };
  /** Receives a file from a live source that brings a token of `tokens.create@1`; needs no session. */
  "POST /deliver": { params: Blob; answer: Uploaded };
}
