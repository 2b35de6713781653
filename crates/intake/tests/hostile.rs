//! Broken, hostile and half files: a clear error or a counted skip, never a panic and never unbounded memory.

mod summary;

use didymos_base::{Digest, Part, Row, Sink, SinkClosed, Source, SourceKey, Stream, StreamKey};
use didymos_intake::{Collected, Format, IntakeError, Options, read, read_file};
use std::io::{Cursor, Read, Seek, SeekFrom, Write};
use summary::{bytes, read_bytes, rows};
use zip::write::SimpleFileOptions;

fn check_error(file: impl AsRef<[u8]>, words: &str) -> Collected {
    let (got, error) = read_bytes(file, &Options::default());
    let error = error.expect("refused").to_string();
    assert!(error.contains(words), "{error}\nlacks: {words}");
    got
}

fn check_skips(file: impl AsRef<[u8]>, rows: usize, skips: &[(&str, u64)]) {
    let (got, error) = read_bytes(file, &Options::default());
    assert!(error.is_none(), "{error:?}");
    let counted: Vec<_> = got.skips.iter().map(|(reason, count)| (reason.as_str(), *count)).collect();
    assert_eq!((got.rows.len(), counted), (rows, skips.to_vec()));
}

fn apple(body: &str) -> String {
    format!("<HealthData locale=\"en\">{body}</HealthData>")
}

const STEPS: &str = "<Record type=\"HKQuantityTypeIdentifierStepCount\" sourceName=\"W\" unit=\"count\" \
    startDate=\"2024-05-01 07:30:00 +0200\" endDate=\"2024-05-01 07:31:00 +0200\" value=\"5\"/>";

#[test]
fn entity_bombs_stay_folded() {
    let mut entities = "<!ENTITY lol \"lol\">".to_owned();
    for i in 1..=20 {
        let before = if i == 1 { "lol".to_owned() } else { format!("lol{}", i - 1) };
        entities.push_str(&format!("<!ENTITY lol{i} \"{}\">", format!("&{before};").repeat(10)));
    }
    let steps = STEPS.replace("\"W\"", "\"&lol20;\"");
    let file = format!("<?xml version=\"1.0\"?><!DOCTYPE HealthData [{entities}]>{}", apple(&steps));
    let (got, error) = read_bytes(file, &Options::default());
    assert!(error.is_none(), "{error:?}");
    assert_eq!(got.sources[0].app, "&lol20;");
    let outside = "<!DOCTYPE HealthData [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>";
    let (got, _) = read_bytes(format!("{outside}{}", apple(&STEPS.replace("\"W\"", "\"&x;\""))), &Options::default());
    assert_eq!(got.sources[0].app, "&x;");
}

#[test]
fn depth_costs_nothing() {
    let deep = format!("{}{}{STEPS}", "<a>".repeat(500_000), "</a>".repeat(500_000));
    check_skips(apple(&deep), 1, &[]);
    let points = format!("<gpx>{}</gpx>", "<trkpt>".repeat(200_000));
    check_skips(points, 0, &[("no time", 200_000)]);
}

#[test]
fn ten_million_characters_in_one_attribute_are_one_skip() {
    let long = "x".repeat(10_000_000);
    for broken in [
        STEPS.replace("\"W\"", &format!("\"{long}\"")),
        STEPS.replace("value=\"5\"", &format!("value=\"5\" {long}=\"1\"")),
        STEPS.replace("\"W\"", &format!("'{}>'", long.replace('x', "\""))),
        format!("<{long}/>"),
    ] {
        check_skips(apple(&format!("{broken}{STEPS}")), 1, &[("record too long", 1)]);
    }
    let name = format!("<gpx><wpt lat='1' lon='2'><time>2024-05-01T07:30:00Z</time><name>{long}</name></wpt></gpx>");
    let (got, error) = read_bytes(name, &Options::default());
    assert!(error.is_none() && got.texts("place_named")[0].len() < 1_000);
    check_skips(format!("Id,Time,Value\n1,\"{long}\",60\n1,4/12/2016,61\n"), 1, &[("record too long", 1)]);
    check_error(format!("<!DOCTYPE HealthData [ {} ]>{}", long, apple(STEPS)), "document type is longer than 1 MiB");
    check_skips(format!("<!-- {long} -->{}", apple(STEPS)).replace("<!-- ", "<?x ?><HealthData><!-- "), 1, &[]);
}

#[test]
fn a_new_name_in_every_record_does_not_fill_the_memory() {
    let mut body = String::new();
    for i in 0..5_000 {
        body.push_str(&STEPS.replace("StepCount", &format!("Own{i}")));
    }
    let (got, error) = read_bytes(apple(&body), &Options::default());
    assert!(error.is_none());
    assert_eq!((got.streams.len(), got.skips["too many streams"] + got.skips["too many types"]), (1_000, 4_000));
    let note = |i| STEPS.replace("/>", &format!("><MetadataEntry key=\"k{i}\" value=\"\"/></Record>"));
    let body: String = (0..5_000).map(note).collect();
    let (got, _) = read_bytes(apple(&body), &Options::default());
    assert_eq!((got.rows.len(), got.notes.len()), (5_000, 257));
}

#[test]
fn times_that_no_life_has_and_ends_before_starts_are_skipped() {
    let with = |start: &str, end: &str| {
        apple(&STEPS.replace("2024-05-01 07:30:00 +0200", start).replace("2024-05-01 07:31:00 +0200", end))
    };
    let good = "2024-05-01 07:30:00 +0200";
    for (start, end, reason) in [
        (good, "2024-05-01 07:29:59 +0200", "end before start"),
        (good, "2024-05-01 07:30:00 +0300", "end before start"),
        ("0000-01-01 00:00:00 +0000", good, "date out of range"),
        (good, "9999-12-31 23:59:59 +0000", "date out of range"),
        ("2199-12-31 23:59:59 -1200", "2199-12-31 23:59:59 -1200", "date out of range"),
        ("2024-13-01 00:00:00 +0000", good, "date out of range"),
        ("2024-05-01 07:30:00 +9900", good, "date out of range"),
        ("yesterday", good, "date malformed"),
        ("", good, "date missing"),
    ] {
        check_skips(with(start, end), 0, &[(reason, 1)]);
    }
    check_skips(
        "Id,Time,Value\n1,1/1/0000,60\n1,1/1/9999,60\n1,1/1/2016,NaN\n1,1/1/2016\n,,\n",
        0,
        &[("date out of range", 2), ("not a number", 1), ("value missing", 1)],
    );
}

#[test]
fn a_file_cut_short_keeps_what_came_before_and_names_the_byte() {
    let file = apple(&STEPS.repeat(3));
    let whole = read_bytes(&file, &Options::default()).0.rows;
    for (cut, rows_kept, words) in [
        (file.len() - 1, 3, "damaged at byte"),
        (file.len() - "</HealthData>".len(), 3, "the file ends before </HealthData>"),
        (file.len() - "</HealthData>".len() - 10, 2, "the file ends inside a tag"),
    ] {
        let got = check_error(&file[..cut], words);
        assert_eq!(got.rows, whole[..rows_kept]);
        assert_eq!(got.parts[0].end, None);
    }
    check_error("<gpx><trk>", "the file ends before </gpx>");
    check_error("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", "the file ends before END:VCALENDAR");
    check_error(format!("{}<!--", apple("").replace("</HealthData>", "")), "ends inside a comment");
}

#[test]
fn a_broken_tag_costs_itself_only() {
    for broken in ["<Record type=HK>", "<Record type>", "< Record>", "<Record type=\"a\" \"b\">", "<!NOTHING>"] {
        check_skips(apple(&format!("{broken}{STEPS}")), 1, &[("malformed tag", 1)]);
    }
    // Mismatched and lost end tags: the next record starts the next record.
    let lost = STEPS.replace("/>", "><MetadataEntry key='HKWasUserEntered' value='1'>");
    check_skips(apple(&format!("{lost}{lost}</Workout></x>{STEPS}")), 3, &[]);
    let glued = STEPS.replace("\" ", "\"");
    check_skips(apple(&glued), 1, &[]);
}

#[test]
fn files_of_no_known_kind_say_what_would_help() {
    check_error("", "the file is empty");
    check_error([0u8, 1, 2, 3, 255].repeat(100), "binary");
    check_error("<html></html>", "XML or HTML");
    check_error("a,b\n1,2\n", "CSV mapping");
    check_error("Id,Time,Wert\n1,2,3\n", "CSV mapping");
    check_error(b"\x1f\x8b\x08\x00", "unpack it first");
    let folder = read_file(".".as_ref(), &Options::default(), &mut Collected::default());
    assert!(folder.expect_err("refused").to_string().contains("not a regular file"));
    let missing = read_file("no/such/file".as_ref(), &Options::default(), &mut Collected::default());
    assert!(matches!(missing, Err(IntakeError::Io { .. })));
}

fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        writer.start_file(*name, SimpleFileOptions::default()).expect("into memory");
        writer.write_all(content).expect("into memory");
    }
    writer.finish().expect("into memory").into_inner()
}

#[test]
fn an_apple_archive_is_read_member_by_member() {
    let export = bytes("apple_health/apple_health_export/export.xml");
    let route = bytes("apple_health/apple_health_export/workout-routes/route_2019-06-11_3.00pm.gpx");
    let file = archive(&[
        ("apple_health_export/workout-routes/b.gpx", b"<gpx><trk>"),
        ("apple_health_export/workout-routes/a.gpx", &route),
        ("apple_health_export/export_cda.xml", b"<ClinicalDocument/>"),
        ("apple_health_export/Export.xml", &export),
        ("apple_health_export/.hidden", b"x"),
        ("__MACOSX/apple_health_export/a.gpx", &route),
    ]);
    let mut got = Collected::default();
    let format = read("export.zip", &mut Cursor::new(&file), &Options::default(), &mut got).expect("readable");
    assert_eq!(format, Format::AppleHealthZip);
    let parts: Vec<_> = got.parts.iter().map(|part| (part.part.name.as_str(), part.part.format, part.end)).collect();
    let end = |raw: &[u8]| Some((raw.len() as u64, Digest::of(raw)));
    assert_eq!(
        parts,
        [
            ("export.zip!apple_health_export/Export.xml", "apple_health_xml", end(&export)),
            ("export.zip!apple_health_export/workout-routes/a.gpx", "gpx", end(&route)),
            ("export.zip!apple_health_export/workout-routes/b.gpx", "gpx", end(b"<gpx><trk>")),
        ]
    );
    assert_eq!(got.counts()["location"], 3);
    assert_eq!(got.skips["damaged file"], 1, "one broken route does not cost the archive");
    assert_eq!(got.notes["not read: cda"], 1);
}

#[test]
fn names_that_climb_out_of_an_archive_are_only_names() {
    let gpx = b"<gpx><wpt lat='1' lon='2'><time>2024-05-01T07:30:00Z</time></wpt></gpx>";
    let (got, error) =
        read_bytes(archive(&[("../../etc/cron.d/evil", gpx), ("/abs\\..\\x\n", gpx)]), &Options::default());
    assert!(error.is_none(), "{error:?}");
    let names: Vec<_> = got.parts.iter().map(|part| part.part.name.as_str()).collect();
    assert_eq!(names, ["file!../../etc/cron.d/evil", "file!/abs\\..\\x"]);
    assert!(!std::path::Path::new("../../etc/cron.d/evil").exists());
}

/// An export of nothing but blanks, which packs a thousand to one.
fn bomb(bytes: usize) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("export.xml", SimpleFileOptions::default()).expect("into memory");
    writer.write_all(b"<HealthData>").expect("into memory");
    let blanks = vec![b' '; 1 << 20];
    for _ in 0..bytes >> 20 {
        writer.write_all(&blanks).expect("into memory");
    }
    writer.finish().expect("into memory").into_inner()
}

#[test]
fn zip_bombs_are_refused() {
    check_error(bomb(160 << 20), "the compression of an archive member is over the limit of 200 to 1");
    let small = Options { member_bytes_max: 1 << 20, ..Options::default() };
    let (_, error) = read_bytes(bomb(4 << 20), &small);
    assert!(error.expect("refused").to_string().contains("over the limit of 1048576 bytes"));
    let inner = archive(&[("export.xml", apple(STEPS).as_bytes())]);
    check_error(archive(&[("inner.zip", &inner)]), "archive in the archive");
    check_error(archive(&[("a.txt", b"hello")]), "file of unknown kind");
    check_error(archive(&[]), "the archive has no file that this version reads");
}

#[test]
fn archives_cut_short_or_bent_are_damaged() {
    let file = archive(&[("export.xml", apple(&STEPS.repeat(500)).as_bytes())]);
    for cut in (30..file.len()).step_by(7) {
        let (_, error) = read_bytes(&file[..cut], &Options::default());
        assert!(matches!(error, Some(IntakeError::Malformed { .. })), "{cut}: {error:?}");
    }
    for at in 0..file.len() {
        let mut bent = file.clone();
        bent[at] ^= 0x55;
        let (got, error) = read_bytes(&bent, &Options::default());
        assert!(error.is_some() || got.rows.len() == 500, "byte {at}: {} rows and no error", got.rows.len());
    }
    // A table of contents that claims four thousand million files.
    let mut huge = file.clone();
    let end = huge.len() - 22;
    huge[end + 12..end + 16].copy_from_slice(&0xffff_fff0_u32.to_le_bytes());
    check_error(huge, "table of contents");
    // The same in the 64-bit form: its record, the locator of the record, and the end that points to both.
    let mut huge = b"PK\x03\x04".to_vec();
    huge.resize(100, 0);
    let record = huge.len() as u64;
    huge.extend_from_slice(b"PK\x06\x06");
    huge.resize(record as usize + 24, 0);
    for number in [u64::MAX / 2, u64::MAX / 2, u64::MAX / 2, 4] {
        huge.extend_from_slice(&number.to_le_bytes());
    }
    huge.extend_from_slice(b"PK\x06\x07\0\0\0\0");
    huge.extend_from_slice(&record.to_le_bytes());
    huge.extend_from_slice(b"\x01\0\0\0PK\x05\x06\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0");
    check_error(huge, "the number of files in the archive");
}

#[test]
fn an_archive_with_a_password_says_so() {
    let mut file = archive(&[("export.xml", apple(STEPS).as_bytes())]);
    let table = file.windows(4).position(|four| four == b"PK\x01\x02").expect("a table of contents");
    file[6] |= 1;
    file[table + 8] |= 1;
    check_error(file, "a zip archive with a password");
}

/// Takes a few rows, then no more.
struct Closing {
    rows_left: usize,
}

impl Sink for Closing {
    fn begin_part(&mut self, _: Part) -> Result<(), SinkClosed> {
        Ok(())
    }
    fn end_part(&mut self, _: u64, _: Digest) -> Result<(), SinkClosed> {
        panic!("a part that was stopped does not end");
    }
    fn stream(&mut self, _: &Stream) -> StreamKey {
        StreamKey(0)
    }
    fn source(&mut self, _: &Source) -> SourceKey {
        SourceKey(0)
    }
    fn push(&mut self, _: Row) -> Result<(), SinkClosed> {
        self.rows_left = self.rows_left.checked_sub(1).ok_or(SinkClosed)?;
        Ok(())
    }
    fn skip(&mut self, _: &str) {}
    fn note(&mut self, _: &str) {}
    fn progress(&mut self, _: u64) -> Result<(), SinkClosed> {
        Ok(())
    }
}

#[test]
fn a_reader_stops_when_the_sink_does() {
    let table = "Id,Time,Value\n1,4/12/2016,60\n1,4/12/2016,61\n1,4/12/2016,62\n1,4/12/2016,63\n";
    let gpx = "<wpt lat='1' lon='2'><time>2024-05-01T07:30:00Z</time></wpt>".repeat(4);
    let zip = archive(&[("export.xml", apple(&STEPS.repeat(4)).as_bytes())]);
    for file in [table.into(), apple(&STEPS.repeat(4)).into_bytes(), format!("<gpx>{gpx}</gpx>").into_bytes(), zip] {
        let outcome = read("file", &mut Cursor::new(file), &Options::default(), &mut Closing { rows_left: 3 });
        assert!(matches!(outcome, Err(IntakeError::Stopped(SinkClosed))), "{outcome:?}");
    }
}

/// Makes up an export as it is read, so that its size is not held anywhere.
struct Endless {
    record: Vec<u8>,
    at: u64,
    bytes: u64,
}

impl Read for Endless {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        const HEAD: &[u8] = b"<HealthData>";
        const TAIL: &[u8] = b"</HealthData>";
        let rest = self.at.checked_sub(HEAD.len() as u64);
        let from: &[u8] = match rest {
            None => &HEAD[self.at as usize..],
            Some(at) if at < self.bytes => &self.record[(at % self.record.len() as u64) as usize..],
            Some(at) => TAIL.get((at - self.bytes) as usize..).unwrap_or_default(),
        };
        let count = from.len().min(to.len());
        to[..count].copy_from_slice(&from[..count]);
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Endless {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::End(_) => 12 + self.bytes + 13,
            SeekFrom::Current(by) => self.at.saturating_add_signed(by),
        };
        Ok(self.at)
    }
}

#[test]
fn a_large_export_is_streamed() {
    struct Counting(u64);
    impl Sink for Counting {
        fn begin_part(&mut self, _: Part) -> Result<(), SinkClosed> {
            Ok(())
        }
        fn end_part(&mut self, _: u64, _: Digest) -> Result<(), SinkClosed> {
            Ok(())
        }
        fn stream(&mut self, _: &Stream) -> StreamKey {
            StreamKey(0)
        }
        fn source(&mut self, _: &Source) -> SourceKey {
            SourceKey(0)
        }
        fn push(&mut self, _: Row) -> Result<(), SinkClosed> {
            self.0 += 1;
            Ok(())
        }
        fn skip(&mut self, reason: &str) {
            panic!("skipped: {reason}");
        }
        fn note(&mut self, _: &str) {}
        fn progress(&mut self, _: u64) -> Result<(), SinkClosed> {
            Ok(())
        }
    }
    let record = STEPS.as_bytes().to_vec();
    let records = (200 << 20) / record.len() as u64;
    let mut input = Endless { bytes: records * record.len() as u64, record, at: 0 };
    let mut sink = Counting(0);
    read("large", &mut input, &Options::default(), &mut sink).expect("readable");
    assert_eq!(sink.0, records);
    let peak = std::fs::read_to_string("/proc/self/status").ok().and_then(|status| {
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().strip_suffix(" kB")?;
        line.trim().parse::<u64>().ok()
    });
    // Other tests of this program run beside this one, with bombs of their own in memory.
    assert!(peak.is_none_or(|kib| kib < 512 << 10), "{peak:?} KiB");
}

#[cfg(unix)]
#[test]
fn a_walk_leaves_out_hidden_files_links_and_unreadable_kinds() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let write = |name: &str, content: &str| std::fs::write(path(name), content).expect("written");
    std::fs::create_dir_all(path("b/.git")).expect("made");
    write("b/a.gpx", "<gpx></gpx>");
    write("b/.git/hidden.gpx", "<gpx></gpx>");
    write(".hidden.gpx", "<gpx></gpx>");
    write("photo.gpx", "not a track, whatever its name says");
    write("places.kml", "<kml></kml>");
    write("z.xml", "<HealthData></HealthData>");
    std::os::unix::fs::symlink(folder.path(), path("b/loop")).expect("linked");
    let found = didymos_intake::expand(&[folder.path().to_owned()]).expect("a folder");
    assert_eq!(found, [path("z.xml"), path("b/a.gpx")]);
    std::fs::remove_file(path("z.xml")).expect("removed");
    std::fs::remove_file(path("b/a.gpx")).expect("removed");
    let error = didymos_intake::expand(&[folder.path().to_owned()]).expect_err("nothing to read").to_string();
    assert!(error.contains("seen: kml"), "{error}");
}

#[test]
fn what_was_read_twice_is_the_same() {
    for name in [
        "apple_health/export.xml",
        "gpx/cerknicko-jezero.gpx",
        "glucose/hall2018_dexcom.csv",
        "calendar/alarm_google_future.ics",
    ] {
        let (one, other) =
            (read_bytes(bytes(name), &Options::default()).0, read_bytes(bytes(name), &Options::default()).0);
        assert_eq!(rows(&one), rows(&other));
        // A newer export differs in its own date and in the pointers, and in nothing that is kept.
        let newer = String::from_utf8(bytes(name))
            .expect("text")
            .replace("0x282a45810", "0x99")
            .replace("20241004T175945Z", "20250101T000000Z")
            .replace("Calendar 70.9054", "Calendar 71.0001")
            .replace("2019-07-19", "2020-01-01");
        assert_eq!(rows(&read_bytes(newer, &Options::default()).0), rows(&one));
    }
}
