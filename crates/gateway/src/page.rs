//! The owner's app, inside the program, and the headers that let a browser run it and nothing else.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use std::io::Read as _;

/// Nothing from elsewhere, nothing inline, nothing embedded: what slips into the page as text stays text. Pictures may
/// be made by the page itself (`blob:`), for those that come in messages.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; font-src 'self'; \
                   connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; \
                   frame-ancestors 'none'";

/// A file of the app.
struct Asset {
    path: &'static str,
    kind: &'static str,
    /// The bytes are gzip's.
    packed: bool,
    bytes: &'static [u8],
}

impl Asset {
    /// What the file says, unpacked.
    fn plain(&self) -> Vec<u8> {
        let mut plain = Vec::new();
        // What the build packed unpacks.
        let _ = flate2::read::GzDecoder::new(self.bytes).read_to_end(&mut plain);
        plain
    }
}

const ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The file at `path`, if the app has one, as `asked` can take it.
pub(crate) fn file(path: &str, asked: &HeaderMap) -> Option<Response> {
    let asset = ASSETS.iter().find(|asset| asset.path == path)?;
    // Names under /assets/ hold the digest of what is in them. The others change when a twin is updated in place.
    let keep = if path.starts_with("/assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = [(header::CONTENT_TYPE, asset.kind), (header::CACHE_CONTROL, keep)];
    if !asset.packed {
        return Some((headers, asset.bytes).into_response());
    }
    let takes = |line: &HeaderValue| line.to_str().is_ok_and(|line| line.split(',').any(takes_gzip));
    let vary = [(header::VARY, "accept-encoding")];
    if asked.get_all(header::ACCEPT_ENCODING).iter().any(takes) {
        return Some((headers, vary, [(header::CONTENT_ENCODING, "gzip")], asset.bytes).into_response());
    }
    Some((headers, vary, asset.plain()).into_response())
}

/// Whether one item of `Accept-Encoding` stands for gzip, and not with weight zero (RFC 9110 §12.5.3).
fn takes_gzip(item: &str) -> bool {
    let mut parts = item.split(';').map(str::trim);
    let gzip = parts.next().is_some_and(|coding| coding.eq_ignore_ascii_case("gzip") || coding == "*");
    gzip && parts.all(|weight| !weight.strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0_f32)))
}

/// Puts on the headers that every answer carries.
pub(crate) fn protect(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CSP),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(self), microphone=(), geolocation=()"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Whatever did not say otherwise is the owner's data.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(asset: &Asset) -> String {
        String::from_utf8(asset.plain()).expect("text")
    }

    #[test]
    fn the_page_holds_no_inline_code_and_names_no_other_host() {
        for asset in ASSETS.iter().filter(|asset| asset.kind.starts_with("text/html")) {
            let html = text(asset);
            for inline in ["<style", " style=", " onclick=", "javascript:", "http://", "https://"] {
                assert!(!html.contains(inline), "{} has {inline}", asset.path);
            }
            let named = html.matches("<script type=\"module\" crossorigin src=\"/assets/").count();
            assert_eq!(html.matches("<script").count(), named, "{html}");
        }
    }

    #[test]
    fn the_page_is_there_packed_or_not() {
        let mut asked = HeaderMap::new();
        let plain = file("/", &asked).expect("the page");
        assert!(plain.headers().get(header::CONTENT_ENCODING).is_none());
        asked.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("br, gzip;q=0.8"));
        let packed = file("/", &asked).expect("the page");
        assert_eq!(packed.headers()[header::CONTENT_ENCODING], "gzip");
        assert!(file("/index.html", &asked).is_none() && file("/../Cargo.toml", &asked).is_none());
    }

    #[test]
    fn a_coding_of_weight_zero_is_refused() {
        for yes in ["gzip", " GZIP", "*", "gzip;q=0.5", "gzip; q=1"] {
            assert!(takes_gzip(yes), "{yes}");
        }
        for no in ["br", "gzip;q=0", "gzip; q=0.000", "", "identity"] {
            assert!(!takes_gzip(no), "{no}");
        }
    }
}
