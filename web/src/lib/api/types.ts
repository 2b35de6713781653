// Placeholder until generated.
export type Kind = "reading" | "total" | "category" | "text" | "position" | "event";
export interface Code { system: string; code: string }
export interface Status { did: string; device: string; version: string; commits: number; history: string; observations: number; streams: number; bytes: number; notices: string[] }
export interface StreamInfo { id: string; label: string; kind: Kind; unit: string; code?: Code | null; count: number; first: string; last: string; span: [number, number]; sources: string[] }
export interface Bucket { time: string; count: number; mean?: number | null; min?: number | null; max?: number | null; sum?: number | null; minutes?: Record<string, number> | null }
export interface Point { time: string; end?: string | null; value: unknown; source: number }
export interface QueryAnswer { stream: string; unit: string; kind: Kind; every?: string | null; buckets?: Bucket[] | null; points?: Point[] | null; sources?: string[] | null; more: boolean; notes?: string[] }
export interface ViewAnswer { unit: string; bucket: number; time: number[]; end: number[]; min: number[]; max: number[]; mean: number[]; sum: number[]; count: number[]; label: string[] }
export interface FileInfo { name: string; format: string; bytes?: number | null; digest?: string | null }
export interface CommitInfo { seq: number; digest: string; time: string; device: string }
export interface Source { app?: string; app_version?: string; manufacturer?: string; device?: string; model?: string; hardware?: string; firmware?: string; calibration?: string; sampling?: string; accuracy?: string; converted_from?: string; entered_by_hand?: boolean; account?: string }
export interface Observation { stream: string; value: { number?: number; category?: string; text?: string; event?: string; position?: { lat: number; lon: number } }; unit: string; source: Source }
export interface Provenance { observation: Observation; time: string; end: string; code?: Code | null; file: FileInfo; position: number; imported: string; commit: CommitInfo; object: string; index: number; of: number; verified: boolean; same_time: number }
export interface ProofAnswer { proof: string; bytes: number; says: string }
export interface LogCommit extends CommitInfo { objects: number; observations: number; files: FileInfo[]; receipts: Receipt[] }
export interface LogAnswer { commits: LogCommit[]; next?: number | null }
export interface Damage { file: string; at: number; object?: string | null; what: string }
export interface VerifyReport { commits: number; objects: number; observations: number; damaged: Damage[] }
export interface BackupReport { target: string; objects: number; copied: number; bytes: number; missing: string[]; behind: number; verified?: string | null; error?: string | null }
export type Principal = { device: { owner: string; device: string } } | { twin: string } | "anonymous";
export type Act = "view" | "compute" | "prove" | "message" | "write" | "manage";
export interface Receipt { time: number; principal: Principal; request: string; act: Act; streams: string[]; stream_count?: number | null; summary: string; decision: { allowed: { because: unknown } } | { denied: { because: unknown } }; outcome: { ok: { items: number } } | { failed: { code: string } } }
export interface PasskeyShown { id: string; name: string; created?: string | null; here: boolean }
export interface Normal { low: number; high: number; median: number; days: number; of: "all" | "weekdays" | "weekends" }
export interface Card { stream: string; label: string; unit: string; value: number; made: "mean" | "sum" | "asleep"; day: string; until?: string | null; normal: Normal; unusual: number; direction: "above" | "below" | "inside"; source: string; changed: { since_yesterday: number | null } }
export interface Change { stream: string; label: string; unit: string; yesterday: number; today: number; share: number }
export interface Missing { stream: string; label: string; why: "too_few_days" | "nothing_that_day"; days: number; needed: number }
export interface TodayAnswer { date?: string | null; cards: Card[]; changed: Change[]; streams: number; of: number; missing: Missing[] }
export interface ReceiptShown { at: string; commit: number; receipt: Receipt }
export interface ReceiptsAnswer { receipts: ReceiptShown[]; next?: string | null }
export interface DeviceShown { did: string; this: boolean; since: string; revoked?: string | null }
export interface ProtectAnswer { backups: BackupReport[]; phrase_checked?: string | null; devices: DeviceShown[]; passkeys: number; passphrase: boolean }
export interface Go { stream?: string | null; from?: number | null; to?: number | null; source?: string | null; import?: string | null; commit?: number | null }
export interface FoundResult { label: string; detail?: string | null; first?: string | null; last?: string | null; count: number; counts: "observations" | "bytes"; go: Go }
export type FoundKind = "date" | "stream" | "source" | "event" | "text" | "file" | "commit" | "receipt";
export interface FoundGroup { kind: FoundKind; results: FoundResult[]; more: boolean }
export interface FindAnswer { groups: FoundGroup[] }
export interface Gap { first: string; last: string; days: number }
export interface Coverage { count: number; first: string; last: string; days: number; of: number; gaps: number; longest_gap?: Gap | null; every_seconds?: number | null }
export interface SourceQuality { source: string; coverage: Coverage }
export interface Agreement { a: string; b: string; n: number; mean_difference: number; lower: number; upper: number }
export interface StreamQuality { stream: string; label: string; unit: string; coverage: Coverage; duplicates: number; sources: SourceQuality[]; agreement?: Agreement[] }
export interface QualityAnswer { streams: StreamQuality[] }
export interface ImportedFile { path: string; format: string; added: number; duplicate: number; skipped: Record<string, number>; notes?: Record<string, number>; error?: string | null }
export interface StreamCounts { added: number; duplicate: number }
export interface ImportShown { import?: string | null; name: string; state: string; began: string; files: ImportedFile[]; files_more: number; added: number; duplicate: number; streams: Record<string, StreamCounts>; skipped: Record<string, number>; seconds: number; undone?: string | null }
export interface ImportsAnswer { imports: ImportShown[] }
