//! What the app's charts cost: every view of every stream from a whole life to an hour, asked of a running server over
//! HTTP with a session, beside the same answer from `SQLite`, asked in this process: over plain rows in the order of time,
//! and over rows that are clustered by stream and time, which is the best that a table can do for such questions.

use crate::person::{START, Series, person};
use crate::vault::{filled, median, opening, plain_rows};
use didymos_gateway::{Access, Server};
use didymos_identity::{KdfCost, KeyFile, RecoveryPhrase, Secret32, Unlocked};
use didymos_twin::Keeper;
use serde_json::{Value, json};
use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

type Failed = Box<dyn Error>;

const PASSPHRASE: &str = "a passphrase for measuring";
/// Of a chart as wide as the app draws it on a desktop: a point for 1.5 pixels of readings, a bar for 6 of totals.
const READING_POINTS: u32 = 773;
const TOTAL_POINTS: u32 = 193;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
const VIEWS: [(&str, i64); 7] = [
    ("life", 0),
    ("year", 365 * DAY),
    ("quarter", 91 * DAY),
    ("month", 30 * DAY),
    ("week", 7 * DAY),
    ("day", DAY),
    ("hour", HOUR),
];

/// A browser's kept connection.
struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
    cookie: String,
}

impl Connection {
    /// Opens a link and keeps the cookie.
    fn enter(server: &Server) -> Result<Self, Failed> {
        let host = format!("localhost:{}", server.addr().port());
        let stream = TcpStream::connect(server.addr())?;
        stream.set_nodelay(true)?;
        let mut connection = Self { stream: BufReader::new(stream), host, cookie: String::new() };
        let path = server.url().split_once("/enter/").map(|(_, token)| format!("/enter/{token}")).ok_or("no link")?;
        let (head, _) = connection.send("GET", &path, "")?;
        let cookie = head.lines().find(|line| line.to_ascii_lowercase().starts_with("set-cookie:"));
        let cookie = cookie.and_then(|line| line.split([':', ';']).nth(1)).ok_or("the link gave no cookie")?;
        cookie.trim().clone_into(&mut connection.cookie);
        Ok(connection)
    }

    fn send(&mut self, method: &str, path: &str, body: &str) -> Result<(String, Vec<u8>), Failed> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            self.host,
            self.cookie,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.stream.read_line(&mut head)? == 0 {
                return Err("the server hung up".into());
            }
        }
        let length = head
            .lines()
            .find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length:").map(|n| n.trim().parse::<usize>())
            })
            .transpose()?
            .unwrap_or(0);
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer)?;
        Ok((head, answer))
    }

    fn view(&mut self, stream: &str, from: i64, to: i64, points: u32) -> Result<Vec<u8>, Failed> {
        let asked = json!({ "stream": stream, "from": from, "to": to, "points": points }).to_string();
        let (head, answer) = self.send("POST", "/api/timeline.view@1", &asked)?;
        if head.starts_with("HTTP/1.1 200") { Ok(answer) } else { Err(String::from_utf8_lossy(&answer).into()) }
    }
}

/// A home that a twin can be opened in, around the person's data.
fn home(dir: &Path, series: &[Series]) -> Result<(), Failed> {
    drop(filled(dir, series)?);
    let unlocked = Unlocked {
        vault_key: RecoveryPhrase::from_entropy([7; 32]).vault_key(),
        device_seed: Secret32::from_bytes([9; 32]),
        owner: opening(dir).0.owner,
    };
    let keys = KeyFile::seal(&unlocked, PASSPHRASE, KdfCost::for_tests(), [3; 40])?;
    Ok(std::fs::write(dir.join("keys.json"), keys.to_text())?)
}

pub(crate) fn charts(millions: u32) -> Result<Value, Failed> {
    let series = person(u64::from(millions) * 1_000_000);
    let dir = tempfile::tempdir()?;
    let at = dir.path().join("home");
    std::fs::create_dir(&at)?;
    home(&at, &series)?;
    let db = plain_rows(&dir.path().join("rows.sqlite"), &series)?;
    db.execute_batch("CREATE TABLE plain AS SELECT * FROM observation ORDER BY start; ANALYZE;")?;
    let keeper = Arc::new(Keeper::new(at, KdfCost::for_tests()));
    keeper.unlock(PASSPHRASE)?;
    let server = Server::keep(keeper, "127.0.0.1:0".parse()?, Access::default())?;
    let mut browser = Connection::enter(&server)?;
    // The wall clock of the person is one or two hours ahead.
    let last =
        series.iter().filter_map(|series| series.rows.last()).map(|row| row.1).max().unwrap_or(START) / HOUR * HOUR;
    let mut views = Vec::new();
    for (name, length) in VIEWS {
        let from = if length == 0 { START } else { last - length };
        let mut lanes = Vec::new();
        for (number, one) in series.iter().enumerate() {
            let id = one.stream.id.as_str();
            let points = if one.stream.kind == didymos_base::Kind::Total { TOTAL_POINTS } else { READING_POINTS };
            let mut answer = Vec::new();
            let twin = median(|| {
                answer = browser.view(id, from, last, points)?;
                Ok(())
            })?;
            let answer: Value = serde_json::from_slice(&answer)?;
            let bucket = answer["bucket"].as_i64().unwrap_or(0);
            let shown = answer["time"].as_array().map_or(0, Vec::len);
            // Where buckets begin: those of several days begin on a Monday.
            let origin = answer["time"][0].as_i64().unwrap_or(0).rem_euclid(bucket.max(1));
            let mut rows = 0;
            let sqlite = median(|| {
                rows = asked(&db, "observation", number, (from, last), (origin, bucket))?;
                Ok(())
            })?;
            // Always a scan of all rows: once is enough.
            let began = Instant::now();
            let scanned = asked(&db, "plain", number, (from, last), (origin, bucket))?;
            let plain = began.elapsed().as_secs_f64();
            if rows != shown || scanned != shown {
                return Err(format!("{id}, {name}: the twin shows {shown} points, SQLite {rows}").into());
            }
            lanes.push(json!({
                "stream": id, "points": shown, "twin_ms": twin * 1e3,
                "plain_ms": plain * 1e3, "plain_times": plain / twin,
                "clustered_ms": sqlite * 1e3, "clustered_times": sqlite / twin
            }));
        }
        views.push(json!({ "view": name, "lanes": lanes }));
    }
    Ok(json!({ "observations": series.iter().map(|one| one.rows.len()).sum::<usize>(), "views": views }))
}

/// The same view over plain rows; returns how many points it has.
fn asked(
    db: &rusqlite::Connection,
    table: &str,
    stream: usize,
    (from, to): (i64, i64),
    (origin, bucket): (i64, i64),
) -> Result<usize, Failed> {
    let within = format!(
        "FROM {table} WHERE stream = ?1 AND start >= ?2 AND start < ?3 AND start + zone >= ?4 AND start + zone < ?5"
    );
    let bounds = (stream as i64, from - DAY, to + DAY, from, to);
    let take = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, f64>(1)?, row.get::<_, f64>(2)?));
    let rows = if bucket == 0 {
        let mut select = db.prepare_cached(&format!("SELECT start + zone, value, end {within} ORDER BY start"))?;
        select.query_map(bounds, take)?.collect::<Result<Vec<_>, _>>()?
    } else {
        let mut select = db.prepare_cached(&format!(
            "SELECT (start + zone - {origin}) / {bucket} AS at, min(value), max(value), sum(value), count(*) {within} GROUP BY at ORDER BY at"
        ))?;
        select.query_map(bounds, take)?.collect::<Result<Vec<_>, _>>()?
    };
    Ok(rows.len())
}
